#include <string.h>

#include "esnn_attention.h"
#include "esnn_block.h"
#include "esnn_context.h"
#include "esnn_v6m.h"
#include "esnn_v7m.h"

/** Up to 16 bits of packed spikes from channel `first` on. */
static inline uint32_t esnn_head_bits(const uint8_t *row, uint32_t first, uint32_t mask)
{
    const uint16_t *half = (const uint16_t *)(const void *)row + (first >> 4);
    uint32_t bits = half[0];
    if ((first & 15u) != 0) {
        bits |= (uint32_t)half[1] << 16; /* rows end with room for it: see the plan */
    }
    return (bits >> (first & 15u)) & mask;
}

/** K of one position at all steps and heads: key[t][channel]. */
static void esnn_keys(const esnn_attention_chain_t *layer, const uint8_t *spikes, uint8_t *arena)
{
    const esnn_chain_t *chain = &layer->key;
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    int16_t *block = (int16_t *)(void *)(arena + layer->keys);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const int16_t *clip = layer->clip;
    esnn_chain_list(chain, spikes, arena);
#if ESNN_CHAIN_V7M && ESNN_CHAIN_TOTALS
    if (!chain->nibbles) {
        esnn_chain_lacks((uint32_t *)(void *)(arena + chain->totals), chain->places);
    }
#endif
    for (uint32_t i = chain->blocks; i != 0; --i) {
        const int16_t *from = sums;
        int16_t *to = block;
        esnn_chain_lane_sums(chain, weights, bias, arena);
        for (uint32_t t = chain->places; t != 0; --t) {
            esnn_block_clip(from, clip, to, ESNN_BLOCK);
            from += ESNN_BLOCK;
            ESNN_WALK(to, layer->key_stride);
        }
        ESNN_WALK(weights, chain->block_words);
        bias += ESNN_BLOCK;
        clip += ESNN_BLOCK;
        block += ESNN_BLOCK;
    }
}

/** Adds K^T V of one position to the contexts: context[t][head][channel of V][channel of K]. */
static void esnn_add_contexts(const esnn_attention_chain_t *layer, const uint8_t *value, uint8_t *arena)
{
    const int16_t *key = (const int16_t *)(const void *)(arena + layer->keys);
    uint32_t *context = (uint32_t *)(void *)(arena + layer->contexts);
    const uint32_t words = layer->width >> 1;
    for (uint32_t t = layer->finish.timesteps; t != 0; --t) {
        const int16_t *row = key;
        for (uint32_t first = 0; first != layer->channels; first += layer->width) {
            const uint32_t *from = (const uint32_t *)(const void *)row;
            const uint32_t plus = esnn_head_bits(value, first, layer->mask);
            if (plus != 0) {
                esnn_context_add(context, layer->row_words, plus, from, words);
            }
            if (layer->value_minus != 0) {
                const uint32_t minus = esnn_head_bits(value + layer->value_minus, first, layer->mask);
                if (minus != 0) {
                    esnn_context_sub(context, layer->row_words, minus, from, words);
                }
            }
            ESNN_WALK(row, layer->width);
            ESNN_WALK(context, layer->head_words);
        }
        ESNN_WALK(key, layer->key_stride);
        ESNN_WALK(value, layer->value_step);
    }
}

/** Splits words into lanes and turns [channel of V][channel of K] round, in place, two by two lanes. */
static void esnn_transpose(const esnn_attention_chain_t *layer, uint32_t *context)
{
#if ESNN_CHAIN_V6M
    esnn_flip_words_v6m(context, context, layer->head_words, 0x8000u, 0x8000u);
    int16_t *lanes = (int16_t *)(void *)context;
    int16_t *row = lanes;
    for (uint32_t i = 1; i < layer->width; ++i) {
        int16_t *column = lanes + i;
        ESNN_WALK(row, layer->width);
        for (uint32_t j = 0; j < i; ++j) {
            const int16_t kept = row[j];
            row[j] = *column;
            *column = kept;
            ESNN_WALK(column, layer->width);
        }
    }
#else
    const uint32_t words = layer->width >> 1; /* of a row */
    uint32_t *left = context;                 /* rows 2 i and 2 i + 1 */
    for (uint32_t i = 0; i != words; ++i) {
        uint32_t *above = context + i; /* columns 2 i and 2 i + 1, of rows 2 j and 2 j + 1 */
        uint32_t *at = left;
        for (uint32_t j = 0; j <= i; ++j) {
            const uint32_t a = (at[0] + 0x8000u) ^ 0x8000u, b = (at[words] + 0x8000u) ^ 0x8000u;
            const uint32_t c = (above[0] + 0x8000u) ^ 0x8000u, d = (above[words] + 0x8000u) ^ 0x8000u;
            at[0] = (c & 0xffffu) | d << 16;
            at[words] = c >> 16 | (d & 0xffff0000u);
            above[0] = (a & 0xffffu) | b << 16;
            above[words] = a >> 16 | (b & 0xffff0000u);
            ++at;
            ESNN_WALK(above, words << 1);
        }
        ESNN_WALK(left, words << 1);
    }
#endif
}

/** Q (K^T V) of one position, all heads and steps: sums[t][channel]. */
static void esnn_mix_position(const esnn_attention_chain_t *layer, const uint8_t *query, uint8_t *arena)
{
    const uint32_t *context = (const uint32_t *)(const void *)(arena + layer->contexts);
    int32_t *sums = (int32_t *)(void *)(arena + layer->sums);
    const uint32_t words = layer->width >> 1;
    for (uint32_t t = layer->finish.timesteps; t != 0; --t) {
        int32_t *to = sums;
        for (uint32_t first = 0; first != layer->channels; first += layer->width) {
            esnn_context_mix(context, layer->row_words, esnn_head_bits(query, first, layer->mask), words, to);
            ESNN_WALK(to, layer->width);
            ESNN_WALK(context, layer->head_words);
        }
        ESNN_WALK(sums, layer->key_stride);
        ESNN_WALK(query, layer->query_step);
    }
}

/** Finishes the sums of one position. */
static void esnn_finish_position(const esnn_attention_chain_t *layer, const esnn_place_t *place, uint8_t *arena,
                                 uint32_t *counts)
{
    int32_t *sums = (int32_t *)(void *)(arena + layer->sums);
    const esnn_neuron_t *neuron = layer->finish.neuron;
    if (!layer->blocks) {
        esnn_finish(&layer->finish, place, sums, layer->key_stride, 0, layer->channels, arena, counts);
        return;
    }
    if (layer->finish.timesteps == 2u) {
        for (uint32_t first = 0; first < layer->channels; first += ESNN_BLOCK) {
            uint32_t planes[2];
            const uint32_t any = esnn_block_neuron_wide_two(sums + first, layer->key_stride,
                                                            neuron->threshold + first, neuron->ternary, planes);
            esnn_block_emit_two(&layer->finish, place, planes, any, first, arena, counts);
        }
        return;
    }
    for (uint32_t first = 0; first < layer->channels; first += ESNN_BLOCK) {
        uint32_t planes[4];
        const uint32_t any = esnn_block_neuron_wide(sums + first, layer->key_stride, neuron->threshold + first,
                                                    neuron->ternary, planes);
        esnn_block_emit(&layer->finish, place, planes, any, first, arena, counts);
    }
}

esnn_status_t esnn_attention_chain(const esnn_attention_chain_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *spikes = arena + layer->input;
    const uint8_t *value = arena + layer->value;
    const uint8_t *query = arena + layer->query;
    uint32_t *context = (uint32_t *)(void *)(arena + layer->contexts);
    memset(context, 0, layer->context_bytes);
    esnn_chain_begin(&layer->key, &layer->finish, arena);
    for (uint32_t n = layer->positions; n != 0; --n) {
        esnn_keys(layer, spikes, arena);
        esnn_add_contexts(layer, value, arena);
        ESNN_WALK(spikes, layer->input_position);
        ESNN_WALK(value, layer->value_position);
    }
    const uint32_t *end = context + (layer->context_bytes >> 2);
    for (; context != end; context += layer->head_words) {
        esnn_transpose(layer, context);
    }
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    memset(arena + layer->sums, 0, layer->sum_bytes); /* lanes past the last channel stay 0 */
    for (uint32_t n = layer->positions; n != 0; --n) {
        esnn_mix_position(layer, query, arena);
        esnn_finish_position(layer, &place, arena, counts);
        esnn_place_next(&layer->finish, &place);
        ESNN_WALK(query, layer->query_position);
    }
    return ESNN_OK;
}
