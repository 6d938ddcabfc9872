/**
 * @file esnn_pool.h
 * @brief Max pooling: OR of spikes, maximum of currents.
 */
#ifndef ESNN_POOL_H
#define ESNN_POOL_H

#include "esnn_finish.h"

/** pooled[window][t][first + c] = max(.., acc[t][c]) for every window that contains the position. */
void esnn_pool_max(const esnn_finish_t *finish, const esnn_place_t *place, const int32_t *acc, uint32_t stride,
                   uint32_t first, uint32_t channels, uint8_t *arena);

/** Pooling of spikes that are stored because others read them too. */
typedef struct {
    uint32_t input;  /**< arena offset of the spikes */
    uint32_t output; /**< arena offset of the pooled spikes */
    uint32_t output_bytes;
    uint32_t height, width; /**< of the input */
    uint32_t row_bytes;     /**< bytes of one position, all steps (and both signs): the same on both sides */
    esnn_window_t window;
} esnn_pool_spikes_t;

/** ORs the spikes of each position into its windows. @return ESNN_OK, or ESNN_ERROR_ARGUMENT. */
esnn_status_t esnn_pool_spikes(const esnn_pool_spikes_t *layer, uint8_t *arena, uint32_t *counts);

#endif
