/**
 * @file esnn_depthwise.h
 * @brief Depthwise convolution of 8-bit codes, a channel at a time. Source: docs/kernels.md, "Depthwise".
 *
 * A channel of the input is gathered into a plane with its border around it (generated code); every window lies
 * inside. Sums are made by code that the generator writes for the channel's weights, or by esnn_depthwise_sums() and
 * triangular numbers: with t(x) = x (x - 1) / 2, w q = t(w + q) - t(w) - t(q), so that one table of 511 numbers
 * multiplies.
 */
#ifndef ESNN_DEPTHWISE_H
#define ESNN_DEPTHWISE_H

#include "esnn_graded.h"
#include "esnn_graded_steps.h"

typedef struct {
    uint32_t plane;       /**< arena offset of the plane */
    uint32_t plane_bytes; /**< of the whole plane */
    uint32_t plane_width; /**< of the plane */
    const uint32_t *taps; /**< esnn_depthwise_sums(): bytes from a window's first code to each of its codes */
    uint32_t tap_count;
    uint32_t out_width;      /**< windows in a line */
    uint32_t step_x, step_y; /**< bytes from one window of a line to the next, and from one line to the next */
    uint8_t border;          /**< code around the input */
} esnn_depthwise_t;

/** Fills the plane with its border. */
void esnn_depthwise_begin(const esnn_depthwise_t *layer, uint8_t *arena);

/** t(x - 256) for x = 0 .. 510: 16 bits hold it. */
extern const uint16_t esnn_triangles[511];

/**
 * sums[line][window] = start + sum of the products of weights and (code - 128), and of t(weight), for `lines` of
 * windows.
 *
 * @param weights  one a tap, plus 128.
 * @param start    less the sum of t(weight).
 * @param plane    where the first window begins.
 */
void esnn_depthwise_sums(const esnn_depthwise_t *layer, const uint8_t *weights, int32_t start, const uint8_t *plane,
                         uint32_t lines, int32_t *sums);

/** The same of windows of 3x3 neighbours, one position apart. */
void esnn_depthwise_sums_3x3(const esnn_depthwise_t *layer, const uint8_t *weights, int32_t start,
                             const uint8_t *plane, uint32_t lines, int32_t *sums);

#endif
