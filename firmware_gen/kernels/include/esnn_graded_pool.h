/**
 * @file esnn_graded_pool.h
 * @brief Pooling of 8-bit codes, [position][channel].
 */
#ifndef ESNN_GRADED_POOL_H
#define ESNN_GRADED_POOL_H

#include "esnn_finish.h"

/** Of windows; a window's lines (columns) are those that lie inside the image, at least one. */
typedef struct {
    const esnn_span_t *rows;    /**< by y of the output: bytes from the input to the first line, and lines */
    const esnn_span_t *columns; /**< by x: bytes from the line to the first position, and positions */
    uint32_t input, output;     /**< arena offsets, multiples of 4 */
    uint32_t height, width;     /**< of the output */
    uint32_t line_bytes;        /**< of the input */
    uint32_t channels;          /**< bytes of a position */
    uint8_t low, high;          /**< what the outputs are clamped to */
} esnn_graded_pool_t;

/** The largest code of each window. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_graded_max(const esnn_graded_pool_t *layer, uint8_t *arena, uint32_t *counts);

/**
 * The average of each window: of code - 128, rounded half away from zero. A window has at most 257 columns and 65,536
 * positions.
 *
 * @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer.
 */
esnn_status_t esnn_graded_average(const esnn_graded_pool_t *layer, uint8_t *arena, uint32_t *counts);

/** The mean of neighbouring axes in another scale: of [groups][positions][channels], for each group and channel. */
typedef struct {
    const int32_t *steps; /**< 255 sums that never fall: below the first the code is 0, from number i on at least i */
    uint32_t input, output; /**< arena offsets */
    uint32_t groups, positions, channels;
} esnn_graded_mean_t;

/** output[g][c] = the number of steps up to the sum of the codes. @return ESNN_OK, or ESNN_ERROR_ARGUMENT. */
esnn_status_t esnn_graded_mean(const esnn_graded_mean_t *layer, uint8_t *arena, uint32_t *counts);

#endif
