#include "esnn_attention.h"

/** K of one head at every step, transposed to [step][width][positions], into scratch_main. */
static void esnn_keys(const esnn_attention_t *layer, const esnn_head_t *head, uint8_t *arena)
{
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *key = (int32_t *)(void *)(arena + layer->scratch_key);
    int32_t *all = (int32_t *)(void *)(arena + layer->scratch_main);
    const uint8_t *spikes = arena + layer->key.input;
    for (uint32_t n = 0; n < layer->positions; ++n) {
        int32_t *step = all + n;
        for (uint32_t t = 0; t < layer->finish.timesteps; ++t) {
            int32_t *to = step;
            esnn_attention_key(layer, head, spikes, rows, key);
            for (uint32_t i = 0; i < layer->width; ++i) {
                *to = key[i];
                ESNN_WALK(to, layer->positions);
            }
            ESNN_WALK(step, layer->main_stride);
            ESNN_WALK(spikes, layer->key.step_stride);
        }
    }
}

/** scores[m] = sum over the active channels of Q of K[channel][m]. */
static void esnn_scores(int32_t *scores, const int32_t *keys, const uint8_t *query, uint32_t first,
                        const esnn_attention_t *layer)
{
    for (uint32_t m = 0; m < layer->positions; ++m) {
        scores[m] = 0;
    }
    for (uint32_t i = 0; i < layer->width; ++i) {
        const uint32_t channel = first + i;
        if ((query[channel >> 3] >> (channel & 7u)) & 1u) {
            for (uint32_t m = 0; m < layer->positions; ++m) {
                scores[m] += keys[m];
            }
        }
        ESNN_WALK(keys, layer->positions);
    }
}

/** acc[j] = sum over positions m of scores[m] * V[m][j]; `value` is V of position 0 at this step. */
static void esnn_mix(int32_t *acc, const int32_t *scores, const uint8_t *value, uint32_t first, uint16_t *list,
                     const esnn_attention_t *layer)
{
    for (uint32_t j = 0; j < layer->width; ++j) {
        acc[j] = 0;
    }
    for (uint32_t m = 0; m < layer->positions; ++m) {
        const int32_t score = scores[m];
        if (score != 0) {
            uint32_t count = esnn_list_channels(value, first, layer->width, list);
            for (uint32_t j = 0; j < count; ++j) {
                acc[list[j]] += score;
            }
            if (layer->value_minus != 0) {
                count = esnn_list_channels(value + layer->value_minus, first, layer->width, list);
                for (uint32_t j = 0; j < count; ++j) {
                    acc[list[j]] -= score;
                }
            }
        }
        ESNN_WALK(value, layer->value_position);
    }
}

esnn_status_t esnn_attention_qk_v(const esnn_attention_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    uint16_t *list = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *sums = (int32_t *)(void *)(arena + layer->scratch_acc);
    const int32_t *all = (const int32_t *)(const void *)(arena + layer->scratch_main);
    int32_t *scores = (int32_t *)(void *)(arena + layer->scratch_scores);
    esnn_head_t head = {0, layer->key.weights, layer->key.bias, layer->key.clip};
    esnn_finish_begin(&layer->finish, arena);
    for (uint32_t h = 0; h < layer->heads; ++h) {
        const uint8_t *query = arena + layer->query;
        esnn_place_t place;
        esnn_keys(layer, &head, arena);
        esnn_place_start(&layer->finish, &place);
        for (uint32_t n = 0; n < layer->positions; ++n) {
            const int32_t *keys = all;
            const uint8_t *value = arena + layer->value;
            int32_t *acc = sums;
            for (uint32_t t = 0; t < layer->finish.timesteps; ++t) {
                esnn_scores(scores, keys, query, head.first, layer);
                esnn_mix(acc, scores, value, head.first, list, layer);
                ESNN_WALK(acc, layer->padded);
                ESNN_WALK(keys, layer->main_stride);
                ESNN_WALK(value, layer->value_step);
                ESNN_WALK(query, layer->query_step);
            }
            esnn_finish(&layer->finish, &place, sums, layer->padded, head.first, layer->width, arena, counts);
            esnn_place_next(&layer->finish, &place);
        }
        esnn_head_next(layer, &head);
    }
    return ESNN_OK;
}
