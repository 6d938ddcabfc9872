/**
 * @file esnn_vector_pixels.h
 * @brief Convolution of uint8 pixels by tables, in front of binary neurons, for cores with vector registers.
 *
 * The same tables and thresholds as esnn_conv2d_table() (esnn_conv.h), in 16 bits: a pixel is two rows of the table,
 * that of its upper four bits and that of its lower four. The upper sum starts at `start`, so that the current less
 * an offset is 16 upper + lower; where that does not fit 16 bits it saturates, and the generator proves that the
 * thresholds are out of reach of what saturation changes.
 *
 * Lanes: even channels of a block of 16, then odd ones, so that predicates of two vectors interleave to a plane. A
 * layer with a window of 3x3 and up to 8 channels that is not pooled is narrow: 8 lanes, in order.
 */
#ifndef ESNN_VECTOR_PIXELS_H
#define ESNN_VECTOR_PIXELS_H

#include "esnn_conv.h"
#include "esnn_vector.h"

/**
 * The windows of one line of the output. An entry of a list is two rows of the table as bytes, upper half << 16 |
 * lower half; marks lie [position][slot] (esnn_vector.h).
 */
typedef struct {
    const uint32_t *const *from;            /**< in front of the first window; behind it: mark_window further */
    const uint8_t *rows[ESNN_VECTOR_LINES]; /**< by slot: row 0 of entry 0; may point outside of the table */
} esnn_pixel_run_t;

/** Weights, geometry and scratch; offsets are bytes into the arena. */
typedef struct {
    const int16_t *table;     /**< [blocks][window inputs][16][lanes] */
    const int16_t *start;     /**< [blocks][lanes] */
    const int16_t *threshold; /**< [blocks][4][lanes]: least value that has fired by step k */
    uint32_t narrow;          /**< 8 lanes, not 16 */
    uint32_t black[2];        /**< narrow: the spikes of a black window, as two words, see esnn_block.h */
    uint32_t row_shift;       /**< a row of the table has 1 << row_shift bytes */
    uint32_t block_bytes;     /**< of the table, from one block to the next */
    uint32_t blocks;
    uint32_t input; /**< arena offset of the pixels [y][x][c] */
    int32_t height, width;
    int32_t line_pixels; /**< numbers in a line: width * channels */
    int32_t out_height, out_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x;
    int32_t top, left;
    int32_t position_pixels;          /**< channels of the image */
    int32_t line_rows;                /**< bytes of the table from one line of the window to the next */
    int32_t step_rows;                /**< bytes of the table of stride_x positions */
    int32_t origin_rows;              /**< bytes of the table of `left` positions */
    uint32_t lists;                   /**< scratch: kernel_height times line_pixels uint32 */
    uint32_t marks;                   /**< scratch: line_marks times kernel_height pointers */
    uint32_t line_marks, right_marks; /**< as of esnn_vector_t, and so are these: */
    uint32_t mark_window, mark_stride, line_spikes;
    esnn_finish_t finish; /**< a binary neuron and nothing else */
} esnn_vector_pixels_t;

/** Lists the pixels of one line that are not 0. @param marks  of its slot, in front of its first position. */
void esnn_vector_pixel_list(const esnn_vector_pixels_t *layer, const uint8_t *pixels, uint32_t *list,
                            const uint32_t **marks);

/**
 * Spikes of one block at one position.
 *
 * @param run     of this window.
 * @param lines   of it; none at all: black pixels.
 * @param span    mark_window.
 * @param table   is added to the rows: bytes from the first block's table to this one's, and of the window's
 * position.
 * @param planes  two words, see esnn_block.h.
 * @param fired   by step: adds the number of channels that have fired by then.
 */
void esnn_vector_pixel_block_portable(const esnn_pixel_run_t *run, int32_t lines, uint32_t span, uintptr_t table,
                                      const int16_t *start, const int16_t *threshold, uint32_t *planes,
                                      uint32_t *fired);
void esnn_vector_pixel_block_mve(const esnn_pixel_run_t *run, int32_t lines, uint32_t span, uintptr_t table,
                                 const int16_t *start, const int16_t *threshold, uint32_t *planes, uint32_t *fired);

/** Spikes of `count` positions of a narrow layer. @param spikes  two words a position, see esnn_block.h. */
void esnn_vector_pixel_line_portable(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run, uint32_t count,
                                     uint32_t *spikes);
void esnn_vector_pixel_line_mve(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run, uint32_t count,
                                uint32_t *spikes);

/** Adds the spikes of some positions of a narrow layer, two words each, to the counters of four steps. */
void esnn_vector_count(const uint32_t *spikes, uint32_t positions, uint32_t *counter);

/** Runs the layer. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_vector_pixels(const esnn_vector_pixels_t *layer, uint8_t *arena, uint32_t *counts);

#endif
