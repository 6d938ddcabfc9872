/**
 * @file esnn_block_emit.h
 * @brief Where the spikes of a block go, from planes of one word (T = 2) or of two (T = 4), and then those of -1.
 */
#ifndef ESNN_BLOCK_EMIT_H
#define ESNN_BLOCK_EMIT_H

#include "esnn_block.h"

static inline void esnn_or_half(uint8_t *at, uint32_t bits)
{
    uint16_t *half = (uint16_t *)(void *)at;
    *half = (uint16_t)(*half | bits);
}

static inline void esnn_or_planes(const uint32_t *planes, uint32_t words, uint8_t *at, uint32_t stride)
{
    esnn_or_half(at, planes[0]);
    at += stride;
    esnn_or_half(at, planes[0] >> 16);
    if (words == 2u) {
        ESNN_WALK(at, stride);
        esnn_or_half(at, planes[1]);
        at += stride;
        esnn_or_half(at, planes[1] >> 16);
    }
}

static inline void esnn_write_planes(const uint32_t *planes, uint32_t words, uint8_t *at, uint32_t stride)
{
    if (words == 2u) {
        esnn_block_write(planes, at, stride);
    } else {
        esnn_block_write_two(planes[0], at, stride);
    }
}

static inline void esnn_count_planes(const uint32_t *planes, uint32_t words, uint32_t *counter)
{
    if (words == 2u) {
        esnn_block_count(planes, counter);
    } else {
        const uint32_t spikes = esnn_count_halves(planes[0]);
        counter[0] += spikes & 31u;
        counter[1] += spikes >> 16;
    }
}

/** See esnn_block_emit(). @param words  known when this is compiled. */
__attribute__((always_inline)) static inline void esnn_emit_planes(const esnn_finish_t *finish,
                                                                   const esnn_place_t *place, const uint32_t *planes,
                                                                   uint32_t words, uint32_t any, uint32_t first,
                                                                   uint8_t *arena, uint32_t *counts)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const esnn_window_t *window = neuron->window;
    const uint32_t byte = first >> 3;
    if (window == NULL) {
        uint8_t *at = arena + place->spikes + byte;
        esnn_write_planes(planes, words, at, neuron->step_stride);
        if (neuron->ternary) {
            esnn_write_planes(planes + words, words, at + neuron->minus, neuron->step_stride);
        }
    }
    if (any == 0) {
        return;
    }
    uint32_t *counter = counts + neuron->counter;
    esnn_count_planes(planes, words, counter);
    if (neuron->ternary) {
        esnn_count_planes(planes + words, words, counter + (words << 1));
    }
    if (window != NULL) {
        esnn_windows_t in = esnn_windows(window, place, arena + neuron->offset + byte);
        for (; in.rows != 0; --in.rows) {
            uint8_t *at = in.line;
            for (uint32_t j = in.columns; j != 0; --j) {
                esnn_or_planes(planes, words, at, neuron->step_stride);
                if (neuron->ternary) {
                    esnn_or_planes(planes + words, words, at + neuron->minus, neuron->step_stride);
                }
                ESNN_WALK(at, window->position_stride);
            }
            ESNN_WALK(in.line, window->row_stride);
        }
    }
}

#endif
