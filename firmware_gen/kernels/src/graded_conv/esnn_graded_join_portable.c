#include "esnn_graded_conv.h"

void esnn_graded_join_portable(const esnn_graded_walk_t *walk, const int32_t *bias, int32_t *sums)
{
    const int16_t *vector = (const int16_t *)(const void *)walk->vectors;
    for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
        sums[c] = 0;
    }
    for (uint32_t s = 0; s < walk->segments; ++s) {
        const esnn_segment_t *segment = &walk->segment[s];
        for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
            sums[c] = ESNN_LIFT(sums[c], segment->gap);
        }
        for (uint32_t i = segment->vectors; i != 0; --i) {
            for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
                sums[c] += *vector++;
            }
        }
    }
    for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
        sums[c] += bias[c];
    }
}
