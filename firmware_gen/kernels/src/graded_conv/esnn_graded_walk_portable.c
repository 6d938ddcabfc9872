#include "esnn_graded_conv.h"

/** Adds the row at `row` to 16 sums. */
static void add_row(int16_t *sums, const uint32_t *row)
{
    for (uint32_t i = 0; i < 4u; ++i) {
        const uint32_t four = *row++;
        sums[0] = (int16_t)(sums[0] + (int8_t)(uint8_t)four);
        sums[1] = (int16_t)(sums[1] + (int8_t)(uint8_t)(four >> 16));
        sums[2] = (int16_t)(sums[2] + (int8_t)(uint8_t)(four >> 8));
        sums[3] = (int16_t)(sums[3] + (int8_t)(uint8_t)(four >> 24));
        sums += 4;
    }
}

void esnn_graded_walk_portable(const esnn_graded_walk_t *walk)
{
    const esnn_place_ref_t *starts = walk->starts;
    const esnn_place_ref_t *ends = (const esnn_place_ref_t *)(const void *)((const uint8_t *)starts + walk->span);
    int16_t *vector = (int16_t *)(void *)walk->vectors;
    const esnn_segment_t *segment = walk->segment;
    for (uint32_t left = walk->segments; left != 0; --left) {
        int16_t sums[ESNN_GRADED_BLOCK] = {0};
        for (uint32_t i = segment->lists; i != 0; --i) {
            const uint16_t *entry = ESNN_AT(walk->entries, *starts--), *end = ESNN_AT(walk->entries, *ends--);
            ESNN_HIDE(starts); /* or compilers multiply to know where they end */
            ESNN_HIDE(ends);
            ESNN_HIDE(vector);
            for (; entry != end; ++entry) {
                add_row(sums, walk->weights + (*entry >> 3)); /* 16 bytes a row */
            }
            const uint32_t last = i == 1u;
            if (!segment->planes || last) {
                for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
                    *vector++ = sums[c];
                }
            } else {
                for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
                    sums[c] = (int16_t)(sums[c] + sums[c]);
                }
            }
        }
        ++segment;
        ESNN_HIDE(segment);
    }
}
