/**
 * @file esnn_readout.h
 * @brief Classifier: the spikes of each channel are counted, and its row of the head is added by the bits of the
 * count.
 */
#ifndef ESNN_READOUT_H
#define ESNN_READOUT_H

#include "esnn_finish.h"

/** Weights are `inputs` rows (see esnn_rows.h) of `row_units` units. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias; /**< round(b N T / D), padded to `padded` entries; added once */
    uint32_t input;      /**< arena offset of the spikes */
    uint32_t rows;       /**< positions * T, below 2^16 */
    uint32_t step_stride;
    uint32_t row_bytes;
    uint16_t bit_rows[9]; /**< see esnn_list_active() */
    uint32_t classes;
    uint32_t padded;
    uint32_t scratch_rows; /**< arena offset of 8 * row_bytes bytes, at least 32 */
    uint32_t scratch_acc;  /**< arena offset of 2 * padded int32 */
    uint8_t ternary;
} esnn_readout_t;

/** Writes `classes` logits. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_readout(const esnn_readout_t *layer, uint8_t *arena, int32_t *logits);

/** The same for a core with vector registers, binary spikes only. Elsewhere it is esnn_readout(). */
esnn_status_t esnn_vector_readout(const esnn_readout_t *layer, uint8_t *arena, int32_t *logits);

#endif
