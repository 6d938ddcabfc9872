#include "esnn_rows.h"

#if ESNN_CHAIN_DSP

/** Adds bytes 0 and 2 of w, sign-extended, to the lanes. Arm ARM DDI 0403E, SXTAB16. */
static inline uint32_t esnn_add_even(uint32_t lanes, uint32_t w)
{
    __asm__("sxtab16 %0, %0, %1" : "+r"(lanes) : "r"(w));
    return lanes;
}

/** Adds bytes 1 and 3. */
static inline uint32_t esnn_add_odd(uint32_t lanes, uint32_t w)
{
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(lanes) : "r"(w));
    return lanes;
}

static inline void esnn_unload(int32_t *acc, uint32_t lanes)
{
    acc[0] += (int16_t)lanes;
    acc[2] += (int32_t)lanes >> 16;
}

/** Adds the rows to 4 * words outputs, two lanes a register. @param words  known when this is compiled: 2 or 4. */
__attribute__((always_inline)) static inline void
esnn_add_block(int32_t *acc, const uint32_t *base, const uint16_t *rows, const uint16_t *end, uint32_t words)
{
    uint32_t even[4] = {0, 0, 0, 0}, odd[4] = {0, 0, 0, 0};
    for (const uint16_t *row = rows; row != end; ++row) {
        const uint32_t *w = base + ((uint32_t)*row << 1);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < words; ++i) {
            even[i] = esnn_add_even(even[i], w[i]);
            odd[i] = esnn_add_odd(odd[i], w[i]);
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < words; ++i) {
        esnn_unload(acc, even[i]);
        esnn_unload(acc + 1, odd[i]);
        acc += 4;
    }
}

void esnn_add_rows_dsp(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count, uint32_t channels)
{
    while (count != 0) {
        const uint32_t part = count < ESNN_LANE_ROWS ? count : ESNN_LANE_ROWS;
        const uint16_t *end = rows + part;
        const uint32_t *base = (const uint32_t *)(const void *)weights;
        int32_t *out = acc;
        uint32_t left = channels;
        for (; left >= 16u; left -= 16u) {
            esnn_add_block(out, base, rows, end, 4);
            out += 16;
            base += 4;
        }
        if (left != 0) {
            esnn_add_block(out, base, rows, end, 2);
        }
        rows = end;
        count -= part;
    }
}

#endif
