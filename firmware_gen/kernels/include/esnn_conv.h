/**
 * @file esnn_conv.h
 * @brief Convolutions of pixels and of spikes.
 */
#ifndef ESNN_CONV_H
#define ESNN_CONV_H

#include "esnn_chain.h"

/** Where the windows of a convolution are, on an input of [y][x] positions. */
typedef struct {
    int32_t height, width; /**< of the input */
    int32_t out_height, out_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x;
    int32_t top, left;       /**< padding */
    int32_t position_stride; /**< bytes from one input position to the next */
    int32_t line_stride;     /**< bytes from one input line to the next */
    int32_t window_step;     /**< stride_x * position_stride */
    int32_t window_line;     /**< stride_y * line_stride */
    int32_t window_origin;   /**< -(top * line_stride + left * position_stride) */
} esnn_shape_t;

/** A window: its first position, which may lie outside of the input, and how many are left. */
typedef struct {
    int32_t y, x;
    int32_t at;             /**< bytes from the input to that position */
    int32_t line;           /**< and to the first window of its line */
    int32_t lines, columns; /**< windows of a column and of a line that are left, this one among them */
} esnn_view_t;

static inline esnn_view_t esnn_view_first(const esnn_shape_t *shape)
{
    return (esnn_view_t){-shape->top,          -shape->left,      shape->window_origin,
                         shape->window_origin, shape->out_height, shape->out_width};
}

/** Moves to the next window, line by line; behind the last one, view->lines is 0. */
static inline void esnn_view_next(const esnn_shape_t *shape, esnn_view_t *view)
{
    if (--view->columns != 0) {
        ESNN_WALK(view->at, shape->window_step);
        ESNN_WALK(view->x, shape->stride_x);
        return;
    }
    --view->lines;
    ESNN_WALK(view->line, shape->window_line);
    ESNN_WALK(view->y, shape->stride_y);
    view->at = view->line;
    view->x = -shape->left;
    view->columns = shape->out_width;
}

/** Whether a position of the input is there. */
static inline uint32_t esnn_is_inside(const esnn_shape_t *shape, int32_t y, int32_t x)
{
    return y >= 0 && y < shape->height && x >= 0 && x < shape->width;
}

/**
 * Geometry and weights of a convolution. Weights are [kh][kw][cin] rows (see esnn_rows.h), `row_units` units
 * of 8 bytes each; sums are int32 and proved by the converter (the bounds stand beside the weights).
 */
typedef struct {
    const int8_t *weights;
    const int32_t *bias; /**< padded to 8 * row_units entries */
    uint32_t input;      /**< arena offset of pixels [y][x][c] or of spikes */
    esnn_shape_t shape;
    uint32_t inputs;      /**< input channels */
    uint32_t step_stride; /**< spikes: bytes from one time step to the next */
    uint32_t row_bytes;   /**< spikes: bytes of one row of channels */
    uint32_t row_units;
    uint16_t bit_rows[9];   /**< see esnn_list_active() */
    uint32_t tap_units;     /**< inputs * row_units */
    uint32_t channels;      /**< output channels */
    uint32_t padded;        /**< 8 * row_units */
    uint32_t window_inputs; /**< kh * kw * inputs */
    /** arena offset of kh * kw * (inputs rounded up to 8) uint16; pixels: of 5 * window_inputs bytes */
    uint32_t scratch_rows;
    uint32_t scratch_acc; /**< arena offset of steps * padded int32 */
    uint8_t ternary;      /**< the spikes are ternary: a row of -1 follows each row of +1 */
    esnn_finish_t finish;
} esnn_conv2d_t;

/**
 * Convolution of uint8 pixels by bit-planes, most significant first: acc = (acc << 1) + rows of set bits.
 * A static image is convolved once; finish.steps is 1. Source: docs/numerics.md.
 * @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer.
 */
esnn_status_t esnn_conv2d_pixels(const esnn_conv2d_t *layer, uint8_t *arena, uint32_t *counts);

/** Convolution of spikes: the rows of active inputs are added, per step. @return as above. */
esnn_status_t esnn_conv2d_spikes(const esnn_conv2d_t *layer, uint8_t *arena, uint32_t *counts);

/**
 * Convolution of uint8 pixels by tables, in front of binary neurons with T = 2 or 4, a leak of 1/2 and reset to zero.
 *
 * The table holds, for each input of the window, its row of weights times 0 .. 15, so that a pixel is two rows, one
 * for its upper four bits and one for its lower four: sum = (upper << 4) + lower + bias. Two 16-bit sums share a word
 * as low + 2^16 high (modulo 2^32); the generator proves that each fits.
 *
 * A current that is the same at every step fires first at step k, if at all, and then every k + 1 steps, so k is all
 * there is to know: threshold[k] is the smallest current that has fired by step k, or by the last one. Source:
 * docs/numerics.md, "neuron".
 */
typedef struct {
    const uint32_t *table;    /**< [blocks][window inputs][16][ESNN_BLOCK / 2] */
    const int32_t *bias;      /**< [blocks][ESNN_BLOCK] */
    const int32_t *threshold; /**< [blocks][4][ESNN_BLOCK] */
    uint32_t block_words;     /**< words of the table from one block to the next */
    uint32_t channels;        /**< outputs */
    uint32_t input;           /**< arena offset of the pixels [y][x][c] */
    esnn_shape_t shape;
    int32_t window_bytes;                  /**< of one line of the window */
    uint32_t tap_rows;                     /**< rows of the table from one tap to the next: 16 * inputs */
    uint32_t line_rows;                    /**< from one line of taps to the next */
    uint32_t scratch_upper, scratch_lower; /**< arena offsets, kh * kw * inputs uint16 each */
    esnn_finish_t finish;                  /**< a neuron and nothing else */
} esnn_conv2d_table_t;

/** Runs the layer. @return as above. */
esnn_status_t esnn_conv2d_table(const esnn_conv2d_table_t *layer, uint8_t *arena, uint32_t *counts);

/** The maps of a line, and which of them are not empty (esnn_lines_t). */
typedef struct {
    uint8_t *map;
    uint32_t present;
} esnn_slot_t;

/**
 * A convolution of binary spikes with 16-bit sums, shared over time; fields as of esnn_conv2d_t.
 *
 * Each line of the input is split into the parts of the chain once (esnn_chain_map()), and kept for as long as a
 * window reaches it: line y in slot y modulo kernel_height. For each row of windows the lines that it sees are listed
 * by columns (esnn_chain_columns()); a window is a run of each list. Rows of weights are in that order:
 * [column][line][input].
 */
typedef struct {
    esnn_chain_t chain;
    uint32_t input;
    int32_t height, width;
    int32_t out_height, out_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x;
    int32_t top, left;
    int32_t position_stride;
    int32_t line_stride;
    uint32_t line_map;      /**< bytes of the maps of one slot */
    uint32_t map_words;     /**< words of those of all, and of one more */
    uint32_t behind;        /**< columns that windows see right of the image, and one more */
    uint32_t window_starts; /**< starts from the first column of a window to the one behind its last */
    uint32_t step_starts;   /**< from one window to the next */
    uint32_t all_rows;      /**< rows of all columns */
    uint32_t first_row;     /**< row of the first column inside the image, counted from behind all (modulo 2^32) */
    uint32_t step_rows;     /**< rows from one window to the next */
    uint32_t slots;         /**< scratch: kernel_height esnn_slot_t, then as many pointers */
    uint32_t starts;        /**< scratch: pointers [columns and one more][2 T - 1] */
    /** scratch of V6M instead: int32 lists of columns of the window, bytes of one and of all */
    uint32_t columns, column_bytes, columns_bytes;
    uint8_t pool_lanes; /**< sums are pooled, and |sum| < 2^14 */
    esnn_finish_t finish;
} esnn_conv2d_chain_t;

/** Runs the layer. @return as above. */
esnn_status_t esnn_conv2d_chain(const esnn_conv2d_chain_t *layer, uint8_t *arena, uint32_t *counts);

#endif
