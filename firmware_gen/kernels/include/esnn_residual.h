/**
 * @file esnn_residual.h
 * @brief The membrane shortcut: stored currents that are added, written, or only read.
 */
#ifndef ESNN_RESIDUAL_H
#define ESNN_RESIDUAL_H

#include "esnn_finish.h"

/** acc[t][c] += stream[t][first + c] of the position at arena offset `at`; steps of the sums as in `finish`. */
void esnn_residual_add(const esnn_finish_t *finish, uint32_t at, int32_t *acc, uint32_t stride, uint32_t first,
                       uint32_t channels, const uint8_t *arena);

/** stream[t][first + c] = acc[t][c] of the position at arena offset `at`. */
void esnn_residual_store(const esnn_finish_t *finish, uint32_t at, const int32_t *acc, uint32_t stride,
                         uint32_t first, uint32_t channels, uint8_t *arena);

/** A step whose sums are a stored current: for neurons and sums that no layer could take with it. */
typedef struct {
    esnn_stream_t source;
    uint32_t positions;
    uint32_t channels;
    uint32_t scratch; /**< arena offset of int32 [T][channels]; for blocks of int16 [T][16] */
    esnn_finish_t finish;
} esnn_current_t;

/** Runs such a step. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_current(const esnn_current_t *layer, uint8_t *arena, uint32_t *counts);

/** The same where source and finish are narrow, and the source has all steps: by blocks. @return as above. */
esnn_status_t esnn_current_blocks(const esnn_current_t *layer, uint8_t *arena, uint32_t *counts);

#endif
