#include "esnn_neuron.h"

static void esnn_or_steps(const esnn_neuron_t *neuron, uint32_t steps, const uint8_t *plus, const uint8_t *minus,
                          uint8_t *at)
{
    for (uint32_t t = 0; t < steps; ++t) {
        at[0] |= plus[t];
        if (minus != NULL) {
            at[neuron->minus] |= minus[t];
        }
        ESNN_WALK(at, neuron->step_stride);
    }
}

void esnn_emit_spikes(const esnn_finish_t *finish, const esnn_place_t *place, const uint8_t *plus,
                      const uint8_t *minus, uint32_t byte, uint8_t *arena)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const esnn_window_t *window = neuron->window;
    if (window == NULL) {
        esnn_or_steps(neuron, finish->timesteps, plus, minus, arena + place->spikes + byte);
        return;
    }
    const esnn_span_t *rows = &window->rows[place->y];
    const esnn_span_t *columns = &window->columns[place->x];
    uint8_t *line = arena + neuron->offset + rows->offset + columns->offset + byte;
    for (uint32_t i = 0; i < rows->count; ++i) {
        uint8_t *at = line;
        for (uint32_t j = 0; j < columns->count; ++j) {
            esnn_or_steps(neuron, finish->timesteps, plus, minus, at);
            ESNN_WALK(at, window->position_stride);
        }
        ESNN_WALK(line, window->row_stride);
    }
}
