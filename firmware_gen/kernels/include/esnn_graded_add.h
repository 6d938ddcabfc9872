/**
 * @file esnn_graded_add.h
 * @brief Sum and difference of two tensors of 8-bit codes, element by element. Source: docs/numerics.md, "Graded
 * edges".
 */
#ifndef ESNN_GRADED_ADD_H
#define ESNN_GRADED_ADD_H

#include "esnn_graded.h"

/** Bits of the tables' entries behind the point. */
#define ESNN_ADD_BITS 12

/** The output may be the place of either input. */
typedef struct {
    const int32_t *of_a, *of_b; /**< 256 each: what a code of a, of b adds; every sum fits 32 bits */
    const int32_t *steps;       /**< esnn_graded_add_steps(): 255 sums that never fall */
    uint32_t a, b, output;      /**< arena offsets */
    uint32_t count;             /**< of elements */
    uint8_t low, high;          /**< esnn_graded_add(): what outputs are clamped to */
} esnn_graded_add_t;

/** output = clamp((of_a[a] + of_b[b]) >> ESNN_ADD_BITS). @return ESNN_OK, or ESNN_ERROR_ARGUMENT. */
esnn_status_t esnn_graded_add(const esnn_graded_add_t *layer, uint8_t *arena, uint32_t *counts);

/** output = how many of the steps are at most of_a[a] + of_b[b]. @return ESNN_OK, or ESNN_ERROR_ARGUMENT. */
esnn_status_t esnn_graded_add_steps(const esnn_graded_add_t *layer, uint8_t *arena, uint32_t *counts);

#endif
