/**
 * @file esnn_layout.h
 * @brief Codes that are moved: concatenation, padding, slices.
 */
#ifndef ESNN_LAYOUT_H
#define ESNN_LAYOUT_H

#include <stdint.h>

#include "esnn_status.h"

/** A block of bytes: lines of runs of bytes. Counts are above 0. */
typedef struct {
    uint32_t from, to;           /**< arena offsets of the first byte */
    uint32_t lines, runs, bytes; /**< lines, runs of a line, bytes of a run */
    uint32_t from_line, to_line; /**< bytes from one line to the next */
    uint32_t from_run, to_run;   /**< bytes from one run to the next */
    uint32_t from_byte;          /**< bytes from one byte of a run to the next, on the side that is read */
} esnn_copy_t;

/** Blocks that make up a tensor. */
typedef struct {
    const esnn_copy_t *copies;
    uint32_t count;
    uint32_t output, output_bytes; /**< arena offset and size of what is filled with `fill` first; 0 bytes: nothing */
    uint8_t fill;
} esnn_layout_t;

/** Fills, then copies block by block. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_layout(const esnn_layout_t *layer, uint8_t *arena, uint32_t *counts);

#endif
