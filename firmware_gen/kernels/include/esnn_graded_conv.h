/**
 * @file esnn_graded_conv.h
 * @brief Convolution of codes by rows: zeros are skipped, and no code is multiplied by a weight.
 *
 * The 8 bits of a code are cut into segments, the same for all codes of a layer (chosen when it is planned):
 * - a segment of *planes* has a list of inputs for each of its bits, from the highest down: the accumulator is doubled,
 *   and the weight rows of the list are added;
 * - a segment of *digits* of b bits has a list for each value 2^b - 1 .. 1: the accumulator is not cleared in between,
 *   so that after the list of v it holds all rows of digits >= v, and the sum of what it held behind each list is the
 *   sum of v times the rows of v.
 * What a segment leaves (one vector, or one for each value) is added up 32 bits wide, segments joined by shifts. Rows
 * of 16 outputs stay in 16-bit lanes: their bounds are proved from the weights when the layer is planned.
 *
 * Lists are made once for a line of windows, column by column of the input: the lists of a window are a run of each.
 * An entry is the number of a row counted from the first column of the line: rows of a block are [x][y][channel].
 */
#ifndef ESNN_GRADED_CONV_H
#define ESNN_GRADED_CONV_H

#include "esnn_graded.h"

/** Outputs of a block. */
#define ESNN_GRADED_BLOCK 16u

/** Words of the row of a block, and what makes them of four weights a word, outputs 0 2 1 3 from the lowest byte up. */
#if ESNN_PAIRED_ROWS
#define ESNN_GRADED_ROW_WORDS 8u
#define ESNN_GRADED_SIGNED(byte) ((((uint32_t)(byte) & 0xffu) ^ 0x80u) - 0x80u)
#define ESNN_GRADED_PAIR(word) (ESNN_GRADED_SIGNED(word) + (ESNN_GRADED_SIGNED((uint32_t)(word) >> 16) << 16))
#define ESNN_GRADED_WEIGHTS(word) ESNN_GRADED_PAIR(word), ESNN_GRADED_PAIR((uint32_t)(word) >> 8)
#else
#define ESNN_GRADED_ROW_WORDS 4u
#define ESNN_GRADED_WEIGHTS(word) ((uint32_t)(word))
#endif
#define ESNN_GRADED_WORDS (ESNN_GRADED_ROW_WORDS / 4u)

/** A place in a list: its address, or on computers with longer ones, bytes from the first list. */
typedef uint32_t esnn_place_ref_t;
#if UINTPTR_MAX == UINT32_MAX
#define ESNN_REF(lists, at) ((uint32_t)(uintptr_t)(at))
#define ESNN_AT(lists, ref) ((uint16_t *)(uintptr_t)(ref))
#else
#define ESNN_REF(lists, at) ((uint32_t)((const uint8_t *)(at) - (const uint8_t *)(lists)))
#define ESNN_AT(lists, ref) ((uint16_t *)(void *)((uint8_t *)(lists) + (ref)))
#endif

/** Some bits of a code, see above. */
typedef struct {
    uint8_t planes;  /**< 1: planes, 0: digits */
    uint8_t lists;   /**< number of lists: bits, or 2^bits - 1 */
    uint8_t first;   /**< lowest bit */
    uint8_t gap;     /**< bits from the segment above to this one: what is summed so far is shifted by it */
    uint8_t run;     /**< vectors that may be added in 16-bit lanes */
    uint8_t vectors; /**< 1, or the number of lists */
} esnn_segment_t;

/** A convolution. Scratch offsets are bytes in the arena. */
typedef struct {
    uint32_t input;         /**< codes [height][width][cell], in the arena */
    uint32_t line_bytes;    /**< width * cell */
    uint16_t height, width; /**< of the input */
    uint16_t cell;          /**< channels of the input */
    uint16_t kernel_height, kernel_width;
    uint16_t stride_y, stride_x;
    uint16_t top, left; /**< padding */
    uint16_t out_height, out_width;
    uint16_t column_rows; /**< kernel_height * cell */
    uint16_t most;        /**< windows that are listed at a time, at most */
    uint8_t pad;          /**< code of positions outside; 0: they are not listed */
    uint8_t segments;
    uint8_t lists;                 /**< of all segments */
    const esnn_segment_t *segment; /**< from the highest bits down */
    uint32_t capacity;             /**< entries that the lists have room for */
    uint32_t tally;                /**< uint16 [256] */
    uint32_t next;                 /**< esnn_place_ref_t [lists] */
    uint32_t starts;               /**< esnn_place_ref_t [columns + 1][lists] */
    uint32_t entries;              /**< uint16 [capacity] */
    uint32_t vectors;              /**< uint32 [vectors of all segments][8] */
    uint32_t sums;                 /**< int32 [16] */
} esnn_graded_conv_t;

/** Windows of one line that are listed together. */
typedef struct {
    uint32_t y;         /**< line of windows */
    uint32_t window;    /**< first of them */
    uint32_t windows;   /**< their number */
    int32_t top;        /**< first line of the input that they see, may be above it */
    int32_t column;     /**< first column of the input, may be left of it */
    uint32_t columns;   /**< all columns that they see */
    const uint8_t *at;  /**< what would be the code at (top, column) */
    uint32_t out;       /**< bytes that earlier windows have made: see the generated code */
} esnn_line_t;

/** Adds up, for each code, how often it is among `count` codes. @param tally  uint16 [256]. */
void esnn_graded_tally(uint16_t *tally, const uint8_t *codes, uint32_t count);

/** Sets the line to the first windows. */
void esnn_graded_begin(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena);

/** Moves on to the windows behind these; returns 0 when there are none. */
uint32_t esnn_graded_next(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena);

/**
 * Chooses how many windows are listed together (all that are left, or fewer where the lists have no room for them), and
 * sets `next` to where each list begins.
 */
void esnn_graded_place(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena);

/** Copies `lists` places. */
void esnn_graded_mark(esnn_place_ref_t *to, const esnn_place_ref_t *from, uint32_t lists);

/** What a walk reads and makes; see esnn_graded_walk(). */
typedef struct {
    const esnn_place_ref_t *starts;  /**< of the window's first column */
    uint32_t span;                   /**< bytes from there to those behind its last column */
    const uint32_t *weights;         /**< of the block, counted from the line's first column */
    const esnn_segment_t *segment;
    uint32_t segments;
    uint32_t *vectors;               /**< receives [vectors of all segments][8] words: lanes or numbers */
    uint16_t *entries;               /**< the first list */
} esnn_graded_walk_t;

typedef void esnn_graded_walk_f(const esnn_graded_walk_t *walk);

/** Adds the rows of all lists of a window for one block of outputs. */
esnn_graded_walk_f esnn_graded_walk_portable, esnn_graded_walk_dsp, esnn_graded_walk_v7m, esnn_graded_walk_v6m;

typedef void esnn_graded_join_f(const esnn_graded_walk_t *walk, const int32_t *bias, int32_t *sums);

/** Adds up what a walk left. @param bias  int32 [16] of the block. @param sums  receives int32 [16]. */
esnn_graded_join_f esnn_graded_join_portable, esnn_graded_join_dsp, esnn_graded_join_v7m, esnn_graded_join_v6m;

#endif
