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

/** Adds the rows to 8 outputs. */
static void esnn_block8(int32_t *acc, const uint32_t *base, const uint16_t *rows, const uint16_t *end)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    for (const uint16_t *row = rows; row != end; ++row) {
        const uint32_t *w = base + ((uint32_t)*row << 1);
        const uint32_t w0 = w[0], w1 = w[1];
        a = esnn_add_even(a, w0);
        b = esnn_add_odd(b, w0);
        c = esnn_add_even(c, w1);
        d = esnn_add_odd(d, w1);
    }
    esnn_unload(acc, a);
    esnn_unload(acc + 1, b);
    esnn_unload(acc + 4, c);
    esnn_unload(acc + 5, d);
}

/** Adds the rows to 16 outputs: eight registers of two lanes. */
static void esnn_block16(int32_t *acc, const uint32_t *base, const uint16_t *rows, const uint16_t *end)
{
    uint32_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    for (const uint16_t *row = rows; row != end; ++row) {
        const uint32_t *w = base + ((uint32_t)*row << 1);
        const uint32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
        a = esnn_add_even(a, w0);
        b = esnn_add_odd(b, w0);
        c = esnn_add_even(c, w1);
        d = esnn_add_odd(d, w1);
        e = esnn_add_even(e, w2);
        f = esnn_add_odd(f, w2);
        g = esnn_add_even(g, w3);
        h = esnn_add_odd(h, w3);
    }
    esnn_unload(acc, a);
    esnn_unload(acc + 1, b);
    esnn_unload(acc + 4, c);
    esnn_unload(acc + 5, d);
    esnn_unload(acc + 8, e);
    esnn_unload(acc + 9, f);
    esnn_unload(acc + 12, g);
    esnn_unload(acc + 13, h);
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
            esnn_block16(out, base, rows, end);
            out += 16;
            base += 4;
        }
        if (left != 0) {
            esnn_block8(out, base, rows, end);
        }
        rows = end;
        count -= part;
    }
}

#endif
