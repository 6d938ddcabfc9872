#include "esnn_block.h"

/** Sums of 16 bits as those of 32 bits that esnn_finish() takes. */
static void esnn_widen(const int16_t *sums, int32_t *wide, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; ++i) {
        wide[i] = sums[i];
    }
}

void esnn_chain_finish(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                       const uint32_t *end, uint8_t *arena, uint32_t *counts)
{
    int16_t *list = (int16_t *)(void *)(arena + chain->list);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    uint32_t *totals = (uint32_t *)(void *)(arena + chain->totals);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    esnn_chain_list(chain, (const uint32_t *)(const void *)(arena + chain->masks), end, list, totals);
    uint32_t first = 0;
    for (uint32_t left = chain->channels; left != 0;) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_sums(chain, weights, bias, list, totals, sums);
        if (finish->narrow) {
            esnn_block_finish(finish, place, sums, first, channels, arena, counts);
        } else {
            int32_t *wide = (int32_t *)(void *)(arena + chain->wide);
            esnn_widen(sums, wide, (uint32_t)finish->steps << 4);
            esnn_finish(finish, place, wide, ESNN_BLOCK, first, channels, arena, counts);
        }
        first += ESNN_BLOCK;
        weights += chain->block_words;
        bias += ESNN_BLOCK;
        left -= channels;
    }
}
