/**
 * @file esnn_rows_portable.h
 * @brief Rows of weights added to 32-bit sums, or taken off them, in C.
 */
#ifndef ESNN_ROWS_PORTABLE_H
#define ESNN_ROWS_PORTABLE_H

#include "esnn_rows.h"

/** See esnn_add_rows(), esnn_sub_rows(). @param minus  known when this is compiled. */
__attribute__((always_inline)) static inline void esnn_change_sums(int32_t *acc, const int8_t *weights,
                                                                   const uint16_t *rows, uint32_t count,
                                                                   uint32_t channels, uint32_t minus)
{
    const uint16_t *end = rows + count;
    if (count == 0) {
        return;
    }
    /* Eight sums stay in registers while the list is walked: a row costs a load and an addition each. */
    for (uint32_t block = 0; block < channels; block += ESNN_ROW_BLOCK) {
        int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
        int32_t a4 = acc[4], a5 = acc[5], a6 = acc[6], a7 = acc[7];
        for (const uint16_t *row = rows; row != end; ++row) {
            const int8_t *w = weights + ((uint32_t)*row << 3);
            a0 += minus ? -w[0] : w[0];
            a1 += minus ? -w[1] : w[1];
            a2 += minus ? -w[2] : w[2];
            a3 += minus ? -w[3] : w[3];
            a4 += minus ? -w[4] : w[4];
            a5 += minus ? -w[5] : w[5];
            a6 += minus ? -w[6] : w[6];
            a7 += minus ? -w[7] : w[7];
        }
        acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
        acc[4] = a4, acc[5] = a5, acc[6] = a6, acc[7] = a7;
        acc += ESNN_ROW_BLOCK;
        weights += ESNN_ROW_BLOCK;
    }
}

#endif
