#include "esnn_vector_attention.h"

#include <string.h>

#include "esnn_block.h"

/** K of every position, and the contexts. */
static void esnn_sum_contexts(const esnn_vector_attention_t *layer, uint8_t *arena)
{
    const esnn_vector_t *key = &layer->key;
    const uint8_t *spikes = arena + key->input;
    const uint8_t *value = arena + layer->value;
    esnn_marks_t *marks = (esnn_marks_t *)(void *)(arena + key->marks);
    int16_t *keys = (int16_t *)(void *)(arena + key->sums);
    int16_t *contexts = (int16_t *)(void *)(arena + layer->contexts);
    for (uint32_t n = layer->positions; n != 0; --n) {
        esnn_vector_list(key, spikes, arena + key->lists, marks);
        esnn_run_t run = {marks, key->weights};
        esnn_vector_sums(key, &run, keys);
        esnn_vector_contexts(layer, keys, value, contexts);
        spikes += key->position_bytes;
        value += layer->value_position;
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
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    const esnn_neuron_t *neuron = layer->finish.neuron;
    const uint32_t stride = layer->heads << 8;
    uint32_t *counter = counts + neuron->counter;
    const uint8_t *query = arena + layer->query;
    for (uint32_t n = layer->positions; n != 0; --n) {
        const int16_t *context = contexts;
        const int32_t *threshold = neuron->threshold;
        const uint8_t *bits = query;
        uint32_t first = 0, early = 0, late = 0; /* spikes of two steps each */
        for (uint32_t head = layer->heads; head != 0; --head) {
            uint32_t planes[2];
            esnn_vector_mix(context, stride, bits, layer->query_step, threshold, planes);
            if (neuron->window == NULL) {
                esnn_block_write(planes, arena + place.spikes + (first >> 3), neuron->step_stride);
                early += esnn_count_halves(planes[0]);
                late += esnn_count_halves(planes[1]);
            } else {
                esnn_block_emit(&layer->finish, &place, planes, planes[0] | planes[1], first, arena, counts);
            }
            context += ESNN_CONTEXT;
            threshold += ESNN_HEAD;
            bits += 2;
            first += ESNN_HEAD;
        }
        counter[0] += early & 0xffffu;
        counter[1] += early >> 16;
        counter[2] += late & 0xffffu;
        counter[3] += late >> 16;
        esnn_place_next(&layer->finish, &place);
        query += layer->query_position;
    }
    return ESNN_OK;
}
