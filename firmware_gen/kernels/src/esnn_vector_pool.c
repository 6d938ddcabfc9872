#include "esnn_vector.h"

void esnn_vector_pool(const esnn_neuron_t *neuron, const esnn_place_t *place, const uint8_t *spikes, uint32_t bytes,
                      uint8_t *arena)
{
    const esnn_window_t *window = neuron->window;
    const esnn_span_t *rows = &window->rows[place->y];
    const esnn_span_t *columns = &window->columns[place->x];
    for (const uint8_t *end = spikes + bytes; spikes != end; spikes += 8) {
        const uint32_t *from = (const uint32_t *)(const void *)spikes;
        const uint32_t low = from[0], high = from[1];
        uint8_t *line = arena + neuron->offset + rows->offset + columns->offset + bytes - (uint32_t)(end - spikes);
        for (uint32_t i = rows->count; i != 0; --i) {
            uint8_t *at = line;
            for (uint32_t j = columns->count; j != 0; --j) {
                uint32_t *word = (uint32_t *)(void *)at;
                word[0] |= low;
                word[1] |= high;
                at += window->position_stride;
            }
            line += window->row_stride;
        }
    }
}
