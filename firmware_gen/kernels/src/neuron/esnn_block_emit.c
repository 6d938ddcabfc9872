#include "esnn_block.h"

static inline void esnn_or_half(uint8_t *at, uint32_t bits)
{
    uint16_t *half = (uint16_t *)(void *)at;
    *half = (uint16_t)(*half | bits);
}

static inline void esnn_or(const uint32_t *planes, uint8_t *at, uint32_t stride)
{
    esnn_or_half(at, planes[0]);
    at += stride;
    esnn_or_half(at, planes[0] >> 16);
    ESNN_WALK(at, stride);
    esnn_or_half(at, planes[1]);
    at += stride;
    esnn_or_half(at, planes[1] >> 16);
}

void esnn_block_emit(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes, uint32_t any,
                     uint32_t first, uint8_t *arena, uint32_t *counts)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const esnn_window_t *window = neuron->window;
    const uint32_t byte = first >> 3;
    if (window == NULL) {
        uint8_t *at = arena + place->spikes + byte;
        esnn_block_write(planes, at, neuron->step_stride);
        if (neuron->ternary) {
            esnn_block_write(planes + 2, at + neuron->minus, neuron->step_stride);
        }
    }
    if (any == 0) {
        return;
    }
    uint32_t *counter = counts + neuron->counter;
    esnn_block_count(planes, counter);
    if (neuron->ternary) {
        esnn_block_count(planes + 2, counter + 4);
    }
    if (window != NULL) {
        const esnn_span_t *rows = &window->rows[place->y];
        const esnn_span_t *columns = &window->columns[place->x];
        uint8_t *line = arena + neuron->offset + rows->offset + columns->offset + byte;
        for (uint32_t i = rows->count; i != 0; --i) {
            uint8_t *at = line;
            for (uint32_t j = columns->count; j != 0; --j) {
                esnn_or(planes, at, neuron->step_stride);
                if (neuron->ternary) {
                    esnn_or(planes + 2, at + neuron->minus, neuron->step_stride);
                }
                ESNN_WALK(at, window->position_stride);
            }
            ESNN_WALK(line, window->row_stride);
        }
    }
}
