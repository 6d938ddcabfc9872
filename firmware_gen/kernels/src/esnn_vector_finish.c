#include "esnn_vector.h"

#include <string.h>

void esnn_vector_finish(const esnn_vector_t *layer, const esnn_finish_t *finish, const esnn_place_t *place,
                        uint8_t *arena, uint32_t *counts)
{
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    const uint32_t entries = layer->blocks << 4;
    if (finish->residual != NULL || finish->store != NULL) {
        const uint8_t *from = arena + place->residual;
        uint8_t *to = arena + place->store;
        int16_t *at = sums;
        for (uint32_t t = 4; t != 0; --t) {
            if (finish->residual != NULL) {
                esnn_vector_add(at, (const int16_t *)(const void *)from, at, layer->blocks);
                from += finish->residual->step_stride;
            }
            if (finish->store != NULL) {
                memcpy(to, at, (size_t)entries << 1);
                to += finish->store->step_stride;
            }
            at += entries;
        }
    }
    const esnn_neuron_t *neuron = finish->neuron;
    if (neuron != NULL) {
        uint8_t *spikes = arena + (neuron->window == NULL ? place->spikes : layer->row);
        esnn_vector_neuron(neuron, sums, layer->blocks, spikes, counts + neuron->counter);
        if (neuron->window != NULL) {
            esnn_vector_pool(neuron, place, spikes, neuron->step_stride << 2, arena);
        }
    }
}
