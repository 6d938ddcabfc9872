#include "esnn_block.h"

static inline void esnn_or_two(uint32_t plane, uint8_t *at, uint32_t stride)
{
    uint16_t *early = (uint16_t *)(void *)at, *late = (uint16_t *)(void *)(at + stride);
    *early = (uint16_t)(*early | plane);
    *late = (uint16_t)(*late | plane >> 16);
}

static inline void esnn_count_two(uint32_t plane, uint32_t *counter)
{
    const uint32_t spikes = esnn_count_halves(plane);
    counter[0] += spikes & 31u;
    counter[1] += spikes >> 16;
}

void esnn_block_emit_two(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes, uint32_t any,
                         uint32_t first, uint8_t *arena, uint32_t *counts)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const esnn_window_t *window = neuron->window;
    const uint32_t byte = first >> 3;
    if (window == NULL) {
        uint8_t *at = arena + place->spikes + byte;
        esnn_block_write_two(planes[0], at, neuron->step_stride);
        if (neuron->ternary) {
            esnn_block_write_two(planes[1], at + neuron->minus, neuron->step_stride);
        }
    }
    if (any == 0) {
        return;
    }
    uint32_t *counter = counts + neuron->counter;
    esnn_count_two(planes[0], counter);
    if (neuron->ternary) {
        esnn_count_two(planes[1], counter + 2);
    }
    if (window != NULL) {
        const esnn_span_t *rows = &window->rows[place->y];
        const esnn_span_t *columns = &window->columns[place->x];
        uint8_t *line = arena + neuron->offset + rows->offset + columns->offset + byte;
        for (uint32_t i = rows->count; i != 0; --i) {
            uint8_t *at = line;
            for (uint32_t j = columns->count; j != 0; --j) {
                esnn_or_two(planes[0], at, neuron->step_stride);
                if (neuron->ternary) {
                    esnn_or_two(planes[1], at + neuron->minus, neuron->step_stride);
                }
                ESNN_WALK(at, window->position_stride);
            }
            ESNN_WALK(line, window->row_stride);
        }
    }
}
