#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

void esnn_chain_sums_v6m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias, const int16_t *list,
                         int16_t *sums)
{
    uint32_t *words = (uint32_t *)(void *)sums;
    esnn_walk_t walk;
    walk.list[0] = (const int32_t *)(const void *)list;
    walk.lists = 1;
    esnn_walk_to(&walk, chain, words);
    esnn_chain_numbers_v6m(chain, &walk, weights, bias, 0x8000u);
    /* Adding 2^15 made the upper lane exact and left it in the lower one. */
    esnn_flip_words_v6m(words, words, chain->places << 3, 0, 0x8000u);
}

#endif
