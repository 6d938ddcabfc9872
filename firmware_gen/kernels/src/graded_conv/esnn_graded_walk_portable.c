#include "esnn_graded_conv.h"

/** Adds the row at `row` to 16 sums. */
static void add_row(int16_t *sums, const uint32_t *row)
{
#if ESNN_PAIRED_ROWS
    for (uint32_t i = 0; i < 8u; ++i) {
        const uint32_t pair = *row++;
        const int16_t low = (int16_t)(uint16_t)pair;
        *sums++ += low;
        *sums++ += (int16_t)(uint16_t)((pair - (uint32_t)low) >> 16);
    }
#else
    for (uint32_t i = 0; i < 4u; ++i) {
        const uint32_t four = *row++;
        *sums++ += (int8_t)(uint8_t)four;
        *sums++ += (int8_t)(uint8_t)(four >> 16);
        *sums++ += (int8_t)(uint8_t)(four >> 8);
        *sums++ += (int8_t)(uint8_t)(four >> 24);
    }
#endif
}

void esnn_graded_walk_portable(const esnn_graded_walk_t *walk)
{
    const esnn_place_ref_t *starts = walk->starts;
    const esnn_place_ref_t *ends = (const esnn_place_ref_t *)(const void *)((const uint8_t *)starts + walk->span);
    int16_t *vector = (int16_t *)(void *)walk->vectors;
    for (uint32_t s = 0; s < walk->segments; ++s) {
        const esnn_segment_t *segment = &walk->segment[s];
        int16_t sums[ESNN_GRADED_BLOCK] = {0};
        for (uint32_t i = segment->lists; i != 0; --i) {
            if (segment->planes) {
                for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
                    sums[c] = (int16_t)(sums[c] + sums[c]);
                }
            }
            const uint16_t *entry = ESNN_AT(walk->entries, *starts++), *end = ESNN_AT(walk->entries, *ends++);
            for (; entry != end; ++entry) {
                const uint32_t row = *entry;
                add_row(sums, walk->weights + (row << (ESNN_GRADED_ROW_WORDS == 8u ? 3u : 2u)));
            }
            if (!segment->planes || i == 1u) {
                for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
                    *vector++ = sums[c];
                }
            }
        }
    }
}
