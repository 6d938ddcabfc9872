#include "esnn_rows.h"

#if ESNN_CHAIN_SWAR

#define LANES 0x00ff00ffu /* two 16-bit lanes with a byte each */
#define BIAS 0x80808080u  /* w ^ 0x80 is w + 128, which is not negative */

/** Adds the two lanes to acc[0] and acc[2], without the bias of `count` rows. */
static void esnn_unload(int32_t *acc, uint32_t lanes, uint32_t count)
{
    acc[0] += (int32_t)(lanes & 0xffffu) - (int32_t)(count << 7);
    acc[2] += (int32_t)(lanes >> 16) - (int32_t)(count << 7);
}

/* Four bytes of a row are two additions: even and odd bytes go to 16-bit lanes, biased so that none borrows. */
void esnn_add_rows_swar(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count, uint32_t channels)
{
    while (count != 0) {
        const uint32_t part = count < ESNN_LANE_ROWS ? count : ESNN_LANE_ROWS;
        const uint16_t *end = rows + part;
        const uint32_t *base = (const uint32_t *)(const void *)weights;
        int32_t *out = acc;
        for (uint32_t block = 0; block < channels; block += ESNN_ROW_BLOCK) {
            uint32_t even0 = 0, odd0 = 0, even1 = 0, odd1 = 0;
            for (const uint16_t *row = rows; row != end; ++row) {
                const uint32_t *w = base + ((uint32_t)*row << 1);
                const uint32_t w0 = w[0] ^ BIAS;
                const uint32_t w1 = w[1] ^ BIAS;
                even0 += w0 & LANES;
                odd0 += (w0 >> 8) & LANES;
                even1 += w1 & LANES;
                odd1 += (w1 >> 8) & LANES;
            }
            esnn_unload(out, even0, part);
            esnn_unload(out + 1, odd0, part);
            esnn_unload(out + 4, even1, part);
            esnn_unload(out + 5, odd1, part);
            out += ESNN_ROW_BLOCK;
            base += ESNN_ROW_BLOCK / 4u;
        }
        rows = end;
        count -= part;
    }
}

#endif
