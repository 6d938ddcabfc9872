#include "esnn_graded_conv.h"

void esnn_graded_pairs_portable(const esnn_graded_walk_t *walk)
{
    const esnn_place_ref_t *starts = walk->starts;
    const esnn_place_ref_t *ends = (const esnn_place_ref_t *)(const void *)((const uint8_t *)starts + walk->span);
    int16_t *vector = (int16_t *)(void *)walk->vectors;
    for (uint32_t s = walk->segments; s != 0; --s) {
        const uint16_t *entry = ESNN_AT(walk->entries, *starts--), *end = ESNN_AT(walk->entries, *ends--);
        for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
            vector[c] = 0;
        }
        for (; entry != end; ++entry) {
            const uint32_t *row = walk->weights + (*entry >> 2);
            for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; c += 2u) {
                const uint32_t two = *row++;
                vector[c] = (int16_t)(vector[c] + (int16_t)(uint16_t)two);
                vector[c + 1u] = (int16_t)(vector[c + 1u] + (int16_t)(uint16_t)(two >> 16));
            }
        }
        ESNN_HIDE(starts); /* or compilers may multiply to know where they end */
        ESNN_HIDE(ends);
        ESNN_WALK(vector, ESNN_GRADED_BLOCK);
    }
}
