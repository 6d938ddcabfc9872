#include "esnn_vector_pixels.h"

static void esnn_add_row(int16_t *sums, const uint8_t *row)
{
    const int16_t *from = (const int16_t *)(const void *)row;
    for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
        sums[c] = (int16_t)(sums[c] + from[c]);
    }
}

static int32_t esnn_saturate(int32_t value)
{
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
}

void esnn_vector_pixel_block_portable(const esnn_pixel_run_t *run, int32_t lines, uint32_t span, uintptr_t table,
                                      const int16_t *start, const int16_t *threshold, uint32_t *planes,
                                      uint32_t *fired)
{
    int16_t upper[ESNN_BLOCK];
    int16_t lower[ESNN_BLOCK];
    uint32_t by[4] = {0, 0, 0, 0}; /* channels that have fired by each step */
    for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
        upper[c] = start[c];
        lower[c] = 0;
    }
    for (int32_t line = 0; line < lines; ++line) {
        const uintptr_t rows = (uintptr_t)run->rows[line] + table;
        for (const uint32_t *entry = run->from[line]; entry != run->from[span + (uint32_t)line]; ++entry) {
            esnn_add_row(upper, (const uint8_t *)(rows + (*entry >> 16)));
            esnn_add_row(lower, (const uint8_t *)(rows + (*entry & 0xffffu)));
        }
    }
    for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
        const int32_t high = esnn_saturate((int32_t)((uint32_t)(int32_t)upper[c] << 4));
        const int32_t current = esnn_saturate(high + lower[c]);
        const uint32_t channel = c < 8u ? c << 1 : ((c - 8u) << 1) + 1u;
        for (uint32_t k = 0; k < 4u; ++k) {
            if (current >= threshold[(k << 4) + c]) {
                by[k] |= 1u << channel;
                ++fired[k];
            }
        }
    }
    const uint32_t third = by[2] & ~by[1]; /* those that fire at every third step */
    planes[0] = by[0] | by[1] << 16;
    planes[1] = by[0] | third | (by[3] & ~third) << 16;
}
