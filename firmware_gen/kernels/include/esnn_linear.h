/**
 * @file esnn_linear.h
 * @brief Linear layer on the channels of every position.
 */
#ifndef ESNN_LINEAR_H
#define ESNN_LINEAR_H

#include "esnn_chain.h"

/** Weights are `inputs` rows (see esnn_rows.h) of `row_units` units; sums are int32, proved by the converter. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias; /**< padded to `padded` entries */
    uint32_t input;      /**< arena offset of the spikes */
    uint32_t positions;
    uint32_t step_stride; /**< bytes from one time step to the next, and T of them to the next position */
    uint32_t row_bytes;   /**< bytes of one row of channels */
    uint16_t bit_rows[9]; /**< see esnn_list_active() */
    uint32_t channels;
    uint32_t padded;       /**< 8 * row_units */
    uint32_t scratch_rows; /**< arena offset of 8 * row_bytes uint16 */
    uint32_t scratch_acc;  /**< arena offset of T * padded int32 */
    uint8_t ternary;
    esnn_finish_t finish;
} esnn_linear_t;

/** Runs the layer. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_linear(const esnn_linear_t *layer, uint8_t *arena, uint32_t *counts);

/** A layer of binary spikes with 16-bit sums, shared over time. */
typedef struct {
    esnn_chain_t chain;
    uint32_t input; /**< arena offset of the spikes */
    uint32_t positions;
    uint32_t position_stride; /**< bytes from one position to the next */
    esnn_finish_t finish;
} esnn_linear_chain_t;

/** Runs the layer. @return as above. */
esnn_status_t esnn_linear_chain(const esnn_linear_chain_t *layer, uint8_t *arena, uint32_t *counts);

#endif
