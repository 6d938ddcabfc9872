/**
 * @file esnn_neuron.h
 * @brief Spiking neurons. Source: Guo et al. 2025, section "Neurons"; docs/numerics.md.
 */
#ifndef ESNN_NEURON_H
#define ESNN_NEURON_H

#include "esnn_finish.h"

/**
 * Runs the neurons of some channels of one position over all steps, counts and emits their spikes.
 *
 * U[t] = H[t-1] + acc[t]; S[t] = U[t] >= theta (ternary: -1 where U[t] <= -theta); see docs/numerics.md for H.
 * Parameters as of esnn_finish(); the bounds of U are proved by the converter.
 */
void esnn_neuron(const esnn_finish_t *finish, const esnn_place_t *place, const int32_t *acc, uint32_t stride,
                 uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts);

/**
 * ORs one byte of spikes a step into the position, or into every pooling window that contains it.
 *
 * @param plus, minus  T bytes each; minus is NULL for a binary neuron.
 * @param byte         index of the byte in the row of channels.
 */
void esnn_emit_spikes(const esnn_finish_t *finish, const esnn_place_t *place, const uint8_t *plus,
                      const uint8_t *minus, uint32_t byte, uint8_t *arena);

#endif
