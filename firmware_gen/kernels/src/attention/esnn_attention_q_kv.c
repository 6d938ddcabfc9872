#include "esnn_attention.h"

/** context[i][j] += key[i] * v[j] for v in {-1, 0, 1}, given as lists of its +1 and -1. */
static void esnn_add_outer(int32_t *context, const int32_t *key, uint32_t width, uint32_t padded,
                           const uint16_t *plus, uint32_t pluses, const uint16_t *minus, uint32_t minuses)
{
    for (uint32_t i = 0; i < width; ++i) {
        const int32_t value = key[i];
        if (value != 0) {
            for (uint32_t j = 0; j < pluses; ++j) {
                ESNN_HIDE(j);
                context[plus[j]] += value;
            }
            for (uint32_t j = 0; j < minuses; ++j) {
                ESNN_HIDE(j);
                context[minus[j]] -= value;
            }
        }
        ESNN_WALK(context, padded);
    }
}

/** acc[j] += sum over the active channels i of Q of context[i][j]. */
static void esnn_gather(int32_t *acc, const int32_t *context, const uint8_t *query, uint32_t first,
                        const esnn_attention_t *layer)
{
    for (uint32_t i = 0; i < layer->width; ++i) {
        const uint32_t channel = first + i;
        if ((query[channel >> 3] >> (channel & 7u)) & 1u) {
            for (uint32_t j = 0; j < layer->width; ++j) {
                ESNN_HIDE(j);
                acc[j] += context[j];
            }
        }
        ESNN_WALK(context, layer->padded);
    }
}

/** K^T V of one head at every step, into scratch_main. */
static void esnn_contexts(const esnn_attention_t *layer, const esnn_head_t *head, uint8_t *arena)
{
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *key = (int32_t *)(void *)(arena + layer->scratch_key);
    int32_t *all = (int32_t *)(void *)(arena + layer->scratch_main);
    const uint8_t *spikes = arena + layer->key.input;
    const uint8_t *value = arena + layer->value;
    int32_t *clear = all;
    for (uint32_t t = 0; t < layer->finish.timesteps; ++t) {
        for (uint32_t i = 0; i < layer->main_stride; ++i) {
            *clear++ = 0;
        }
    }
    for (uint32_t n = 0; n < layer->positions; ++n) {
        int32_t *context = all;
        for (uint32_t t = 0; t < layer->finish.timesteps; ++t) {
            esnn_attention_key(layer, head, spikes, rows, key);
            /* The list of rows is used up: its room now holds the channels of V. */
            uint32_t pluses = esnn_list_channels(value, head->first, layer->width, rows);
            uint32_t minuses = 0;
            if (layer->value_minus != 0) {
                minuses = esnn_list_channels(value + layer->value_minus, head->first, layer->width, rows + pluses);
            }
            esnn_add_outer(context, key, layer->width, layer->padded, rows, pluses, rows + pluses, minuses);
            ESNN_WALK(context, layer->main_stride);
            ESNN_WALK(spikes, layer->key.step_stride);
            ESNN_WALK(value, layer->value_step);
        }
    }
}

esnn_status_t esnn_attention_q_kv(const esnn_attention_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    int32_t *sums = (int32_t *)(void *)(arena + layer->scratch_acc);
    const int32_t *all = (const int32_t *)(const void *)(arena + layer->scratch_main);
    esnn_head_t head = {0, layer->key.weights, layer->key.bias, layer->key.clip};
    esnn_finish_begin(&layer->finish, arena);
    for (uint32_t h = 0; h < layer->heads; ++h) {
        const uint8_t *query = arena + layer->query;
        esnn_place_t place;
        esnn_contexts(layer, &head, arena);
        esnn_place_start(&layer->finish, &place);
        for (uint32_t n = 0; n < layer->positions; ++n) {
            const int32_t *context = all;
            int32_t *acc = sums;
            for (uint32_t t = 0; t < layer->finish.timesteps; ++t) {
                for (uint32_t j = 0; j < layer->width; ++j) {
                    acc[j] = 0;
                }
                esnn_gather(acc, context, query, head.first, layer);
                ESNN_WALK(acc, layer->padded);
                ESNN_WALK(context, layer->main_stride);
                ESNN_WALK(query, layer->query_step);
            }
            esnn_finish(&layer->finish, &place, sums, layer->padded, head.first, layer->width, arena, counts);
            esnn_place_next(&layer->finish, &place);
        }
        esnn_head_next(layer, &head);
    }
    return ESNN_OK;
}
