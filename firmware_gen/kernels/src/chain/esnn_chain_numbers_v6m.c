#include "esnn_asm.h"
#include "esnn_v6m_numbers.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(64);

/** The next part of all lists, of any number. */
static void esnn_any_part(esnn_walk_t *walk, const uint32_t *weights, uint32_t *numbers)
{
    for (uint32_t i = 0; i < walk->lists; ++i) {
        const int32_t *list = walk->list[i];
        int32_t row;
        while ((row = *list++) >= 0) {
            const uint32_t *word = (const uint32_t *)(const void *)((const uint8_t *)weights + row);
            for (uint32_t k = 0; k < ESNN_BLOCK / 2u; ++k) {
                numbers[k] += word[k];
            }
        }
        walk->list[i] = list;
        ESNN_WALK(weights, walk->column_words);
    }
}

/** Any number of places and lists. */
static void esnn_any_lists(uint32_t places, const esnn_walk_t *from, const uint32_t *weights, const int16_t *bias,
                           uint32_t offset)
{
    esnn_walk_t walk = *from;
    const uint32_t *pairs = (const uint32_t *)(const void *)bias;
    uint32_t trunk[ESNN_BLOCK / 2u];
    for (uint32_t k = 0; k < ESNN_BLOCK / 2u; ++k) {
        trunk[k] = pairs[k] + offset;
    }
    for (uint32_t i = 0; i < places; ++i) {
        uint32_t *out = walk.out[i];
        esnn_any_part(&walk, weights, trunk);
        for (uint32_t k = 0; k < ESNN_BLOCK / 2u; ++k) {
            out[k] = trunk[k];
        }
        if (i + 1u != places) {
            esnn_any_part(&walk, weights, out);
        }
    }
}

void esnn_chain_numbers_v6m(const esnn_chain_t *chain, const esnn_walk_t *walk, const uint32_t *weights,
                            const int16_t *bias, uint32_t offset)
{
    if (chain->places == 4u && walk->lists == 3u) {
        esnn_three_lists(walk, weights, bias, offset);
    } else if (chain->places == 4u && walk->lists == 1u) {
        esnn_one_list(walk, weights, bias, offset);
    } else {
        esnn_any_lists(chain->places, walk, weights, bias, offset);
    }
}

#endif
