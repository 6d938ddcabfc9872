#include "esnn_vector_attention.h"

#include "esnn_block.h"

/** K of every position, and the contexts. */
static void esnn_sum_contexts(const esnn_vector_attention_t *layer, uint8_t *arena)
{
    const esnn_vector_t *key = &layer->key;
    const uint8_t *spikes = arena + key->input;
    const uint8_t *value = arena + layer->value;
    uint16_t **marks = (uint16_t **)(void *)(arena + key->marks);
    int16_t *contexts = (int16_t *)(void *)(arena + layer->contexts);
    const esnn_run_t run = {marks, {key->weights, NULL, NULL, NULL}};
    for (int32_t line = key->height; line != 0; --line) {
        int16_t *keys = (int16_t *)(void *)(arena + key->sums);
        esnn_vector_list(key, spikes, arena + key->lists, marks);
        esnn_vector_sums(key, &run, (uint32_t)key->width, keys);
        for (int32_t n = key->width; n != 0; --n) {
            esnn_vector_contexts(layer, keys, value, contexts);
            ESNN_WALK(keys, key->blocks << 6);
            ESNN_WALK(value, layer->value_position);
        }
        ESNN_WALK(spikes, key->line_bytes);
    }
}

/** Writes the spikes of a head from bit `first` of a row on; heads come in order. */
static void esnn_put_head(const uint32_t *planes, uint32_t first, uint8_t *row, uint32_t stride)
{
    const uint32_t shift = first & 7u;
    row += first >> 3;
    for (uint32_t t = 0; t < 4u; ++t) {
        const uint32_t word = t < 2u ? planes[0] : planes[1];
        uint32_t bits = (t & 1u) != 0 ? word >> 16 : word & 0xffffu;
        if (shift != 0) { /* the head before begins in this byte */
            bits = bits << shift | *row;
        }
        const uint16_t half = (uint16_t)bits;
        memcpy(row, &half, 2); /* need not be aligned */
        ESNN_WALK(row, stride);
    }
}

esnn_status_t esnn_vector_attention(const esnn_vector_attention_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    int16_t *contexts = (int16_t *)(void *)(arena + layer->contexts);
    memset(contexts, 0, layer->context_bytes);
    esnn_sum_contexts(layer, arena);
    esnn_vector_turn(contexts, layer->heads << 2, (int16_t *)(void *)(arena + layer->turned));
    esnn_place_t place;
    esnn_vector_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    const esnn_neuron_t *neuron = layer->finish.neuron;
    const uint32_t stride = layer->heads << 8, mask = ((1u << layer->width) - 1u) << 16, step = layer->query_step;
    uint32_t *counter = counts + neuron->counter;
    const uint8_t *query = arena + layer->query;
    for (uint32_t n = layer->positions; n != 0; --n) {
        const int16_t *context = contexts;
        const int32_t *threshold = layer->threshold;
        uint32_t first = 0, early = 0, late = 0; /* spikes of two steps each */
        for (uint32_t head = layer->heads; head != 0; --head) {
            uint32_t planes[2];
            const uint8_t *row = query + (first >> 3);
            const uint32_t shift = 16u - (first & 7u);
            uint32_t rows[4];
            for (uint32_t t = 0; t < 4u; ++t) {
                rows[t] = esnn_head_bits(row, shift, mask);
                ESNN_WALK(row, step);
            }
            esnn_vector_mix(context, stride, rows, threshold, planes);
            if (neuron->window == NULL) {
                esnn_put_head(planes, first, arena + place.spikes, neuron->step_stride);
                early += esnn_count_halves(planes[0]);
                late += esnn_count_halves(planes[1]);
            } else {
                esnn_block_emit(&layer->finish, &place, planes, planes[0] | planes[1], first, arena, counts);
            }
            context += ESNN_CONTEXT;
            threshold += ESNN_HEAD;
            ESNN_WALK(first, layer->width);
        }
        counter[0] += early & 0xffffu;
        counter[1] += early >> 16;
        counter[2] += late & 0xffffu;
        counter[3] += late >> 16;
        esnn_place_next(&layer->finish, &place);
        ESNN_WALK(query, layer->query_position);
    }
    return ESNN_OK;
}
