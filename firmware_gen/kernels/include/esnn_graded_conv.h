/**
 * @file esnn_graded_conv.h
 * @brief Convolution of codes by rows: zeros are skipped, and no code is multiplied by a weight.
 *
 * The 8 bits of a code are cut into segments, the same for all codes of a layer (chosen when it is planned):
 * - a segment of *planes* has a list of inputs for each of its bits, from the highest down: the accumulator is
 * doubled, and the weight rows of the list are added;
 * - a segment of *digits* of b bits has a list for each value, walked from 2^b - 1 down to 1: the accumulator is not
 * cleared in between, so that after the list of v it holds all rows of digits >= v, and the sum of what it held
 * behind each list is the sum of v times the rows of v. What a segment leaves (one vector, or one for each value) is
 * added up 32 bits wide, segments joined by shifts. Rows of 16 outputs stay in 16-bit lanes: their bounds are proved
 * from the weights when the layer is planned.
 *
 * Lists are numbered from 1, against the order in which they are walked.
 *
 * Layers with few inputs may be code instead ("constants"): each weight is a sum of one or two shifted multiples (1,
 * 3, 5, 7) of its input, which is added to accumulators of 32 bits.
 *
 * Or else halves of codes select rows of a table ("table"): an input has 15 rows, its weights times 1 to 15, so that
 * the upper halves of a window are one list of rows, the lower halves another, each walked like a digit that is 0
 * or 1.
 *
 * Lists are made once for a line of windows, column by column of the input: the lists of a window are a run of each.
 * An entry is the number of a row, counted from the first column of the line, times ESNN_ROW_UNIT: rows of a block
 * are [x][y][channel].
 */
#ifndef ESNN_GRADED_CONV_H
#define ESNN_GRADED_CONV_H

#include "esnn_graded.h"

/** Outputs of a block. */
#define ESNN_GRADED_BLOCK 16u

/** What entries count a row as: the bytes of a row of pairs. */
#define ESNN_ROW_UNIT 32u

/** Words of the row of a block, and what makes them of four weights a word, outputs 0 2 1 3 from the lowest byte up.
 */
#if ESNN_PAIRED_ROWS
#define ESNN_GRADED_ROW_WORDS 8u
#define ESNN_GRADED_SIGNED(byte) ((((uint32_t)(byte) & 0xffu) ^ 0x80u) - 0x80u)
#define ESNN_GRADED_PAIR(word) (ESNN_GRADED_SIGNED(word) + (ESNN_GRADED_SIGNED((uint32_t)(word) >> 16) << 16))
#define ESNN_GRADED_WEIGHTS(word) ESNN_GRADED_PAIR(word), ESNN_GRADED_PAIR((uint32_t)(word) >> 8)
#elif ESNN_VECTOR_MVE /* in the order of outputs, as vector loads widen bytes */
#define ESNN_GRADED_ROW_WORDS 4u
#define ESNN_GRADED_WEIGHTS(word)                                                                                    \
    (((uint32_t)(word) & 0xff0000ffu) | ((uint32_t)(word) >> 8 & 0xff00u) | ((uint32_t)(word) << 8 & 0xff0000u))
#else
#define ESNN_GRADED_ROW_WORDS 4u
#define ESNN_GRADED_WEIGHTS(word) ((uint32_t)(word))
#endif
/** Bits from the byte of an output to that of the next one, and to that of the one behind it. */
#define ESNN_GRADED_NEXT (ESNN_VECTOR_MVE ? 8u : 16u)
#define ESNN_GRADED_SECOND (ESNN_VECTOR_MVE ? 16u : 8u)
#define ESNN_GRADED_WORDS (ESNN_GRADED_ROW_WORDS / 4u)

/** Words of a row of tables, and what makes one of two 16-bit multiples, the first output's in the lower half. */
#define ESNN_PAIR_WORDS 8u
#if ESNN_PAIRED_ROWS
#define ESNN_GRADED_LANES(word) ((uint32_t)(word) - (((uint32_t)(word) & 0x8000u) << 1))
#else
#define ESNN_GRADED_LANES(word) ((uint32_t)(word))
#endif

/** A place in a list: its address, or on computers with longer ones, bytes from the first list. */
typedef uint32_t esnn_place_ref_t;
#if UINTPTR_MAX == UINT32_MAX
#define ESNN_REF(lists, at) ((void)(lists), (uint32_t)(uintptr_t)(at))
#define ESNN_AT(lists, ref) ((void)(lists), (uint16_t *)(uintptr_t)(ref))
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
    uint16_t run;           /**< kernel_width * cell */
    uint16_t kernel_height, kernel_width;
    uint16_t stride_y, stride_x;
    uint16_t top, left; /**< padding */
    uint16_t out_height, out_width;
    uint32_t outside; /**< codes of a line that lie in columns outside */
    uint8_t pad;      /**< code of positions outside; 0: they are not listed */
    uint8_t segments;
    uint8_t lists;                 /**< of all segments */
    const esnn_segment_t *segment; /**< from the highest bits down */
    const uint32_t *table; /**< by code, four times the numbers of its lists, a byte each from the lowest up */
    uint32_t capacity;     /**< entries that the lists have room for */
    uint32_t tally;        /**< uint16 [256] */
    uint32_t sizes;        /**< uint16 [kernel_height + 1][lists] */
    uint32_t next;         /**< esnn_place_ref_t [1 + lists] */
    uint32_t starts;       /**< esnn_place_ref_t [columns + 1][lists] */
    uint32_t entries;      /**< uint16 [capacity] */
    uint32_t vectors;      /**< uint32 [vectors of all segments][8] */
    uint32_t sums;         /**< int32 [16] */
} esnn_graded_conv_t;

/** Whether windows are all of their line, some that were counted, or those behind such that were not counted yet. */
enum { ESNN_PART_NONE = 0, ESNN_PART = 1, ESNN_PART_NEXT = 2 };

/** Windows of one line that are listed together. */
typedef struct {
    uint32_t y;              /**< line of windows */
    uint32_t window;         /**< first of them */
    uint32_t windows;        /**< their number */
    uint32_t columns;        /**< columns that they see, those outside of the input too */
    int32_t column;          /**< first of these */
    int32_t top;             /**< first line of the input that they see */
    const uint8_t *at;       /**< what would be the code at (top, column) */
    const uint8_t *begin;    /**< and at (top, first column of all) */
    int32_t counted;         /**< line of the input behind the last one that was counted */
    const uint8_t *entering; /**< its codes, or those of the first line behind it */
    uint32_t slot;           /**< where its counts go */
    uint32_t part;           /**< ESNN_PART_.. */
} esnn_line_t;

/** Adds up, for each code but 0, how often it is among `count` codes. @param tally  uint16 [256], 4-byte aligned. */
void esnn_graded_tally(uint16_t *tally, const uint8_t *codes, uint32_t count);

/** Sets the line to all windows of the first line. */
void esnn_graded_begin(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena);

/** Sets the number of windows. */
void esnn_graded_see(const esnn_graded_conv_t *conv, esnn_line_t *line, uint32_t windows);

/** From a tally, which it clears, the number of codes in each list. @param size  uint16 [lists]. */
void esnn_graded_sizes(const esnn_graded_conv_t *conv, uint16_t *size, uint8_t *arena);

/** Counts the next line of the input that the windows see and none before them saw; returns 0 if there is none. */
uint32_t esnn_graded_enter(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena);

/** Halves the number of windows, and counts all that they see. */
void esnn_graded_part(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena);

/** Sets `next` to where each list begins; returns 0 where there is no room for all entries, or they are not counted.
 */
uint32_t esnn_graded_place(const esnn_graded_conv_t *conv, const esnn_line_t *line, uint8_t *arena);

/** Moves on to the windows behind these; returns 0 when there are none. */
uint32_t esnn_graded_next(const esnn_graded_conv_t *conv, esnn_line_t *line);

/** The same part of some lines of the input. */
typedef struct {
    const uint8_t *codes; /**< in the first line */
    uint32_t count;       /**< of codes, in a line */
    uint32_t lines;
    uint32_t line_bytes; /**< from one to the next */
} esnn_part_t;

/**
 * Puts inputs into their lists.
 *
 * @param table    see esnn_graded_conv_t.
 * @param entry    of the first input.
 * @param next     where each list ends, by its number; place 0 is not used.
 * @param entries  the first list.
 */
typedef void esnn_graded_list_f(const uint32_t *table, const esnn_part_t *part, uint32_t entry,
                                esnn_place_ref_t *next, uint16_t *entries);
esnn_graded_list_f esnn_graded_list_portable, esnn_graded_list_v7m, esnn_graded_list_v6m;

/**
 * Lists halves of codes that are not 0: lower ones in list 1, upper ones in list 2. An input has 15 rows, the first
 * of them at `entry`, for halves of 1.
 */
typedef void esnn_graded_nibbles_f(const esnn_part_t *part, uint32_t entry, esnn_place_ref_t *next,
                                   uint16_t *entries);
esnn_graded_nibbles_f esnn_graded_nibbles_portable, esnn_graded_nibbles_v6m;

/** Copies `lists` places. */
typedef void esnn_graded_mark_f(esnn_place_ref_t *to, const esnn_place_ref_t *from, uint32_t lists);
esnn_graded_mark_f esnn_graded_mark_portable, esnn_graded_mark_v7m, esnn_graded_mark_v6m;

/**
 * Two 16-bit sums in a word, as a walk leaves them: lanes, or where rows are pairs, numbers low + 2^16 high modulo
 * 2^32. ESNN_LANES_ADD(): of sums that fit 16 bits. ESNN_LANE_LOW(), ESNN_LANE_HIGH(): as int32.
 */
#if ESNN_PAIRED_ROWS
#define ESNN_LANES_ADD(a, b) ((a) + (b))
#define ESNN_LANE_LOW(a) ((int32_t)(int16_t)(uint16_t)(a))
#define ESNN_LANE_HIGH(a) ((int32_t)((a) - (uint32_t)ESNN_LANE_LOW(a)) >> 16)
#elif ESNN_CHAIN_DSP
#define ESNN_LANES_ADD(a, b)                                                                                         \
    __extension__({                                                                                                  \
        uint32_t lanes_;                                                                                             \
        __asm__("sadd16 %0, %1, %2" : "=r"(lanes_) : "r"(a), "r"(b));                                                \
        lanes_;                                                                                                      \
    })
#define ESNN_LANE_LOW(a) ((int32_t)(int16_t)(uint16_t)(a))
#define ESNN_LANE_HIGH(a) ((int32_t)(a) >> 16)
#else
#define ESNN_LANES_ADD(a, b) ((((a) & 0x7fff7fffu) + ((b) & 0x7fff7fffu)) ^ (((a) ^ (b)) & 0x80008000u))
#define ESNN_LANE_LOW(a) ((int32_t)(int16_t)(uint16_t)(a))
#define ESNN_LANE_HIGH(a) ((int32_t)(a) >> 16)
#endif

/**
 * Copies what a window sees.
 *
 * @param at      what would be the code at (y, x).
 * @param window  receives [kernel_height][kernel_width][cell] codes; outside of the input they are the zero point.
 */
void esnn_graded_gather(const esnn_graded_conv_t *conv, const uint8_t *at, int32_t y, int32_t x, uint8_t *window);

/**
 * Sums of one block over a window, 32 bits wide, bit by bit: for layers whose lanes or lists are too narrow. Slow.
 *
 * @param weights  rows of the block, in the order of the codes.
 * @param bias     int32 [16]. @param sums  receives int32 [16].
 */
void esnn_graded_wide(const uint32_t *weights, const uint8_t *codes, uint32_t count, const int32_t *bias,
                      int32_t *sums);

/** Loads two neighbouring words of what a walk left: volatile, since another walk puts others there. */
#if ESNN_THUMB2
#define ESNN_LANES_LOAD(x, y, lanes, word)                                                                           \
    __asm__ volatile("ldrd %0, %1, [%2, %3]" : "=&r"(x), "=r"(y) : "r"(lanes), "n"(4 * (word)) : "memory")
#else
#define ESNN_LANES_LOAD(x, y, lanes, word)                                                                           \
    do {                                                                                                             \
        (x) = (lanes)[word];                                                                                         \
        (y) = (lanes)[(word) + 1];                                                                                   \
    } while (0)
#endif

/** What a walk reads and makes; see esnn_graded_walk(). */
typedef struct {
    const esnn_place_ref_t *starts; /**< of the window's first column: the last list of it */
    uint32_t span;                  /**< bytes from there to those behind its last column */
    const uint32_t *weights;        /**< of the block, counted from the line's first column */
    const esnn_segment_t *segment;
    uint32_t segments;
    uint32_t *vectors; /**< receives [vectors of all segments][8] words: lanes or numbers */
    uint16_t *entries; /**< the first list */
} esnn_graded_walk_t;

typedef void esnn_graded_walk_f(const esnn_graded_walk_t *walk);

/** Adds the rows of all lists of a window for one block of outputs. */
esnn_graded_walk_f esnn_graded_walk_portable, esnn_graded_walk_dsp, esnn_graded_walk_mve, esnn_graded_walk_v7m,
    esnn_graded_walk_v6m;

/** The same for rows of pairs on cores whose rows are bytes: segments are digits of one list. */
esnn_graded_walk_f esnn_graded_pairs_portable;

#endif
