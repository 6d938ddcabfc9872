/**
 * @file esnn_vector_pixels.h
 * @brief Convolution of uint8 pixels by tables, in front of binary neurons, for cores with vector registers.
 *
 * The same tables and thresholds as esnn_conv2d_table() (esnn_conv.h), in 16 bits: a pixel is two rows of the table,
 * that of its upper four bits and that of its lower four. The upper sum starts at `start`, so that the current less
 * an offset is 16 upper + lower; where that does not fit 16 bits it saturates, and the generator proves that the
 * thresholds are out of reach of what saturation changes.
 *
 * Lanes: even channels of a block of 16, then odd ones, so that predicates of two vectors interleave to a plane.
 */
#ifndef ESNN_VECTOR_PIXELS_H
#define ESNN_VECTOR_PIXELS_H

#include "esnn_conv.h"
#include "esnn_vector.h"

/** A run of the list of one line of the image: rows of the table as bytes, upper half << 16 | lower half. */
typedef struct {
    const uint32_t *const *from; /**< mark in front of the window; behind it: kernel_width further */
    const uint8_t *rows;         /**< row 0 of entry 0; may point outside of the table */
} esnn_pixel_run_t;

/** Weights, geometry and scratch; offsets are bytes into the arena. */
typedef struct {
    const int16_t *table;     /**< [blocks][window inputs][16][ESNN_BLOCK], lanes */
    const int16_t *start;     /**< [blocks][ESNN_BLOCK], lanes */
    const int16_t *threshold; /**< [blocks][4][ESNN_BLOCK], lanes: least value that has fired by step k */
    uint32_t block_bytes;     /**< of the table, from one block to the next */
    uint32_t blocks;
    uint32_t input; /**< arena offset of the pixels [y][x][c] */
    int32_t height, width;
    int32_t line_pixels; /**< numbers in a line: width * channels */
    int32_t out_height, out_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x;
    int32_t top, left;
    int32_t position_pixels; /**< channels of the image */
    int32_t line_rows;       /**< bytes of the table from one line of the window to the next */
    int32_t step_rows;       /**< bytes of the table of stride_x positions */
    int32_t origin_rows;     /**< bytes of the table of `left` positions */
    uint32_t lists;          /**< scratch: kernel_height times line_pixels uint32 */
    /** scratch: kernel_height + 1 times line_marks pointers, as of esnn_vector_t */
    uint32_t marks;
    uint32_t line_marks, right_marks;
    esnn_finish_t finish; /**< a binary neuron and nothing else */
} esnn_vector_pixels_t;

/** Lists the pixels of one line that are not 0; marks[x]: where the list stands in front of position x. */
void esnn_vector_pixel_list(const esnn_vector_pixels_t *layer, const uint8_t *pixels, uint32_t *list,
                            const uint32_t **marks);

/**
 * Spikes of one block at one position.
 *
 * @param run     `lines` of them; none at all: black pixels.
 * @param width   of the window.
 * @param table   bytes from the first block's table to this one's.
 * @param planes  two words, see esnn_block.h.
 * @param fired   by step: adds the number of channels that have fired by then.
 */
void esnn_vector_pixel_block_portable(const esnn_pixel_run_t *run, int32_t lines, int32_t width, uint32_t table,
                                      const int16_t *start, const int16_t *threshold, uint32_t *planes,
                                      uint32_t *fired);
void esnn_vector_pixel_block_mve(const esnn_pixel_run_t *run, int32_t lines, int32_t width, uint32_t table,
                                 const int16_t *start, const int16_t *threshold, uint32_t *planes, uint32_t *fired);

#if ESNN_VECTOR_MVE
#define esnn_vector_pixel_block esnn_vector_pixel_block_mve
#else
#define esnn_vector_pixel_block esnn_vector_pixel_block_portable
#endif

/** Runs the layer. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_vector_pixels(const esnn_vector_pixels_t *layer, uint8_t *arena, uint32_t *counts);

#endif
