#include "esnn_vector.h"

esnn_status_t esnn_vector_current(const esnn_current_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_neuron_t *neuron = layer->finish.neuron;
    const int16_t *sums = (const int16_t *)(const void *)(arena + layer->source.offset);
    esnn_vector_neuron(neuron, sums, layer->channels >> 4, layer->positions, arena + neuron->offset,
                       counts + neuron->counter);
    return ESNN_OK;
}
