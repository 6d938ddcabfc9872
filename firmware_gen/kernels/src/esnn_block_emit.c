#include "esnn_block.h"

/** Set bits of each half of a word, in the halves. */
static inline uint32_t esnn_count_halves(uint32_t bits)
{
    bits = bits - ((bits >> 1) & 0x55555555u);
    bits = (bits & 0x33333333u) + ((bits >> 2) & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0fu;
    return (bits + (bits >> 8)) & 0x001f001fu;
}

static inline void esnn_count(const uint32_t *planes, uint32_t *counter)
{
    const uint32_t early = esnn_count_halves(planes[0]);
    const uint32_t late = esnn_count_halves(planes[1]);
    counter[0] += early & 31u;
    counter[1] += early >> 16;
    counter[2] += late & 31u;
    counter[3] += late >> 16;
}

static inline void esnn_write(const uint32_t *planes, uint8_t *at, uint32_t stride)
{
    *(uint16_t *)(void *)at = (uint16_t)planes[0];
    at += stride;
    *(uint16_t *)(void *)at = (uint16_t)(planes[0] >> 16);
    at += stride;
    *(uint16_t *)(void *)at = (uint16_t)planes[1];
    at += stride;
    *(uint16_t *)(void *)at = (uint16_t)(planes[1] >> 16);
}

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
    at += stride;
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
        esnn_write(planes, at, neuron->step_stride);
        if (neuron->ternary) {
            esnn_write(planes + 2, at + neuron->minus, neuron->step_stride);
        }
    }
    if (any == 0) {
        return;
    }
    uint32_t *counter = counts + neuron->counter;
    esnn_count(planes, counter);
    if (neuron->ternary) {
        esnn_count(planes + 2, counter + 4);
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
                at += window->position_stride;
            }
            line += window->row_stride;
        }
    }
}
