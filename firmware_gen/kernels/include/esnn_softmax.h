/**
 * @file esnn_softmax.h
 * @brief Softmax of 8-bit codes, over the channels of each position. Source: docs/numerics.md, "Graded edges".
 */
#ifndef ESNN_SOFTMAX_H
#define ESNN_SOFTMAX_H

#include <stdint.h>

#include "esnn_status.h"

typedef struct {
    const int32_t *powers;  /**< 256: e^-x in Q0.31 by distance from the largest code, 0 where it is not counted */
    uint32_t input, output; /**< arena offsets; they may be the same place */
    uint32_t positions, channels; /**< fewer than 4,096 channels */
} esnn_softmax_t;

/** @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_softmax(const esnn_softmax_t *layer, uint8_t *arena, uint32_t *counts);

/**
 * The upper half of twice the product a b, rounded to the nearest, halves up: by shifts and additions.
 * Neither number is INT32_MIN.
 */
int32_t esnn_high_product(int32_t a, int32_t b);

#endif
