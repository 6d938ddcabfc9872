/**
 * @file esnn_rows.h
 * @brief The unit of all layers: add the weight rows of active inputs.
 *
 * Weights are input-major: one row of int8 per input, padded with zeros to a multiple of 8 outputs. A row
 * is named by its place in units of 8 bytes from the start of the weights, so a list of rows needs 16 bits
 * an entry and reaches 512 KiB of weights. No function here multiplies.
 */
#ifndef ESNN_ROWS_H
#define ESNN_ROWS_H

#include <stdint.h>

#include "esnn_forms.h"

/** Outputs a row is padded to. */
#define ESNN_ROW_BLOCK 8u

/** Rows that 16-bit lanes hold without overflow: 255 * 128 < 2^15, 255 * 255 < 2^16. */
#define ESNN_LANE_ROWS 255u

/**
 * Lists the rows of active inputs.
 *
 * @param bits   packed spikes: input k is bit k & 7 of byte k >> 3; bits past the last input are 0.
 * @param bytes  number of bytes.
 * @param first  row of input 0, in units of 8 bytes.
 * @param bit_rows  units from the row of a byte's first input to that of its input 0 .. 7, and to the next byte's.
 * @param rows   receives the rows; room for 8 * bytes entries.
 * @return number of entries written.
 */
uint32_t esnn_list_active(const uint8_t *bits, uint32_t bytes, uint32_t first, const uint16_t *bit_rows,
                          uint16_t *rows);

/**
 * acc[c] += sum over the listed rows of weights[row][c].
 *
 * @param acc       int32 sums, `channels` of them; the caller has proved that they cannot overflow.
 * @param weights   aligned to 4 bytes.
 * @param channels  a multiple of ESNN_ROW_BLOCK.
 */
void esnn_add_rows_portable(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count,
                            uint32_t channels);
void esnn_add_rows_swar(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count, uint32_t channels);
void esnn_add_rows_dsp(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count, uint32_t channels);

/** acc[c] -= sum over the listed rows of weights[row][c]; else as esnn_add_rows(). */
void esnn_sub_rows(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count, uint32_t channels);

/** acc[c] += the rows of the inputs that are +1, less those of the inputs that are -1: a row of bits behind. */
static inline void esnn_add_spikes(int32_t *acc, const int8_t *weights, const uint8_t *spikes, uint32_t bytes,
                                   const uint16_t *bit_rows, uint32_t ternary, uint16_t *rows, uint32_t channels)
{
    uint32_t count = esnn_list_active(spikes, bytes, 0, bit_rows, rows);
    esnn_add_rows(acc, weights, rows, count, channels);
    if (ternary) {
        count = esnn_list_active(spikes + bytes, bytes, 0, bit_rows, rows);
        esnn_sub_rows(acc, weights, rows, count, channels);
    }
}

#endif
