#include "esnn_vector.h"

void esnn_vector_finish(const esnn_vector_t *layer, const esnn_finish_t *finish, const esnn_place_t *place,
                        uint8_t *arena, uint32_t *counts)
{
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    if (finish->residual != NULL || finish->store != NULL) {
        esnn_vector_stream(finish, sums, layer->blocks, arena + place->residual, arena + place->store);
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
