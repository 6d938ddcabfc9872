#include "esnn_block.h"

#if ESNN_CHAIN_V6M

/** Sums of 16 bits as those of 32 bits that esnn_finish() takes. */
static void esnn_widen(const int16_t *sums, int32_t *wide, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; ++i) {
        wide[i] = sums[i];
    }
}

/** Whether esnn_finish_numbers() does. */
static inline uint32_t esnn_is_number(const esnn_finish_t *finish)
{
    return finish->narrow && finish->timesteps == 4u &&
           (finish->neuron == NULL || (finish->neuron->lanes && !finish->neuron->ternary));
}

#define ESNN_OFFSET 0x40004000u /* what esnn_block_neuron_v6m() wants */
#define ESNN_FLIPPED 0x80008000u /* lanes with bit 15 flipped are their number plus this */

/** numbers[8] += lanes[8], flipped. */
static inline void esnn_add_lanes(uint32_t *numbers, const uint32_t *lanes)
{
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        numbers[i] += lanes[i] ^ ESNN_FLIPPED;
    }
}

/** Numbers with ESNN_OFFSET as lanes. */
static inline void esnn_store_lanes(uint32_t *lanes, const uint32_t *numbers)
{
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        lanes[i] = (numbers[i] + (0x8000u - ESNN_OFFSET)) ^ 0x8000u;
    }
}

/** All blocks of a position, where esnn_is_number(). */
static void esnn_finish_numbers(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                                uint8_t *arena, uint32_t *counts)
{
    const int32_t *list = (const int32_t *)(const void *)(arena + chain->list);
    uint32_t *numbers = (uint32_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const esnn_stream_t *residual = finish->residual, *store = finish->store;
    const esnn_neuron_t *neuron = finish->neuron;
    const uint32_t offset = residual != NULL ? ESNN_OFFSET - ESNN_FLIPPED : ESNN_OFFSET;
    uint32_t first = 0;
    for (uint32_t left = chain->channels; left != 0;) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_numbers_v6m(chain, weights, bias, list, offset, numbers);
        if (residual != NULL) {
            const uint8_t *from = arena + place->residual + (first << 1);
            for (uint32_t t = 0; t < 4u; ++t) {
                esnn_add_lanes(numbers + (t << 3), (const uint32_t *)(const void *)from);
                from += residual->step_stride;
            }
        }
        if (store != NULL) {
            uint8_t *to = arena + place->store + (first << 1);
            for (uint32_t t = 0; t < 4u; ++t) {
                esnn_store_lanes((uint32_t *)(void *)to, numbers + (t << 3));
                to += store->step_stride;
            }
        }
        if (neuron != NULL) {
            uint32_t planes[2];
            uint32_t any = esnn_block_neuron_v6m(numbers, neuron->narrow_threshold + first, planes);
            if (channels != ESNN_BLOCK) {
                const uint32_t lane = (1u << channels) - 1u;
                planes[0] &= lane | lane << 16;
                planes[1] &= lane | lane << 16;
                any = planes[0] | planes[1];
            }
            esnn_block_emit(finish, place, planes, any, first, arena, counts);
        }
        first += ESNN_BLOCK;
        weights += chain->block_words;
        bias += ESNN_BLOCK;
        left -= channels;
    }
}

/** All blocks of a position by the kernels that all cores share. */
static void esnn_finish_lanes(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                              uint8_t *arena, uint32_t *counts)
{
    const int16_t *list = (const int16_t *)(const void *)(arena + chain->list);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    uint32_t first = 0;
    for (uint32_t left = chain->channels; left != 0;) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_sums(chain, weights, bias, list, NULL, sums);
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

void esnn_chain_finish(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                       const uint32_t *end, uint8_t *arena, uint32_t *counts)
{
    esnn_chain_list_v6m(chain, (const uint32_t *)(const void *)(arena + chain->masks), end,
                        (int32_t *)(void *)(arena + chain->list));
    if (esnn_is_number(finish)) {
        esnn_finish_numbers(chain, finish, place, arena, counts);
    } else {
        esnn_finish_lanes(chain, finish, place, arena, counts);
    }
}

#endif
