/**
 * @file esnn_chain.h
 * @brief Sums of weight rows shared over time: a row is added once for all the steps that want it.
 *
 * The T steps of a position, in an order chosen by the converter, are the places a, b, .., z of a chain. An input
 * that is active at every place is added once to the trunk; then the sum of place a branches off and receives what
 * only a wants; the trunk goes on with what all of b .. z want, b branches off, and so on. With T = 4:
 *
 *     trunk: abcd -> bcd -> cd -> d alone        branches: a alone, b alone, c alone
 *
 * Sums are 16 bits: the converter has proved the final ones to fit, and what happens in between is modulo 2^16 (DSP)
 * or 2^32 (SWAR), so nothing is flushed. Blocks of ESNN_BLOCK outputs stay in registers while lists are walked.
 * Source: docs/kernels.md.
 */
#ifndef ESNN_CHAIN_H
#define ESNN_CHAIN_H

#include "esnn_finish.h"
#include "esnn_forms.h"

/** Outputs of a block. */
#define ESNN_BLOCK 16u

/**
 * Ends each part of a list of rows. Rows count back from behind the last one, so they are negative (V6M: from the
 * first one, in bytes; there -1 ends a part).
 */
#define ESNN_LIST_END ((int16_t)0)

/**
 * Four weights in a word, outputs 0, 2, 1, 3 from the lowest byte up, so that bytes 0 and 2 are neighbours in 16-bit
 * lanes, and so are bytes 1 and 3. SWAR wants them biased by 128, so that no byte borrows from the next. Paired
 * rows want two words of it, each the pair low + 2^16 high modulo 2^32.
 */
#if ESNN_PAIRED_ROWS
#define ESNN_SIGNED(byte) ((((uint32_t)(byte) & 0xffu) ^ 0x80u) - 0x80u)
#define ESNN_PAIR(word) (ESNN_SIGNED(word) + (ESNN_SIGNED((uint32_t)(word) >> 16) << 16))
#define ESNN_WEIGHTS(word) ESNN_PAIR(word), ESNN_PAIR((uint32_t)(word) >> 8)
#elif ESNN_CHAIN_SWAR
#define ESNN_WEIGHTS(word) ((uint32_t)(word) ^ 0x80808080u)
#else
#define ESNN_WEIGHTS(word) ((uint32_t)(word))
#endif

/**
 * Biases of four outputs in two words: lanes, or where sums are numbers modulo 2^32 two of these: V7M plus what
 * neurons want as offset (esnn_v7m.h); with rows of bytes the second one has what is taken off it for the upper one
 * of the first.
 */
#if ESNN_CHAIN_V7M && ESNN_PAIRED_ROWS
#define ESNN_BIAS(a, b, c, d)                                                                                        \
    (uint32_t)(a) + ((uint32_t)(b) << 16) + 0x40004000u, (uint32_t)(c) + ((uint32_t)(d) << 16) + 0x40004000u
#elif ESNN_CHAIN_V7M
#define ESNN_BIAS(a, b, c, d)                                                                                        \
    (uint32_t)(a) + ((uint32_t)(b) << 16), (uint32_t)(c) + ((uint32_t)(d) << 16) + ((uint32_t)(b) << 8)
#elif ESNN_CHAIN_V6M
#define ESNN_BIAS(a, b, c, d) (uint32_t)(a) + ((uint32_t)(b) << 16), (uint32_t)(c) + ((uint32_t)(d) << 16)
#else
#define ESNN_BIAS(a, b, c, d)                                                                                        \
    ((uint32_t)(a) & 0xffffu) | ((uint32_t)(b) << 16), ((uint32_t)(c) & 0xffffu) | ((uint32_t)(d) << 16)
#endif

/** Words that ESNN_WEIGHTS() makes of one. */
#if ESNN_PAIRED_ROWS
#define ESNN_WORDS 2u
#else
#define ESNN_WORDS 1u
#endif

/**
 * Rows of 4-bit weights, for layers whose weights lie in -8 .. 7: two words of 8 nibbles biased by 8, outputs
 * 0 4 2 6 1 5 3 7 from the lowest nibble up, so that low and high ones are bytes as above. Biases are lanes.
 * Where rows are paired, flash is spent on speed: such layers become rows like all others.
 */
#if ESNN_NIBBLE_ROWS
#define ESNN_NIBBLE_WORDS 1u
#define ESNN_NIBBLES(word) ((uint32_t)(word))
#define ESNN_NIBBLE_BIAS(a, b, c, d)                                                                                 \
    ((uint32_t)(a) & 0xffffu) | ((uint32_t)(b) << 16), ((uint32_t)(c) & 0xffffu) | ((uint32_t)(d) << 16)
#else
#define ESNN_NIBBLE_WORDS (2u * ESNN_WORDS)
#define ESNN_UNBIASED(word) (((((uint32_t)(word) & 0x0f0f0f0fu) | 0x80808080u) - 0x08080808u) ^ 0x80808080u)
#define ESNN_NIBBLES(word) ESNN_WEIGHTS(ESNN_UNBIASED(word)), ESNN_WEIGHTS(ESNN_UNBIASED((uint32_t)(word) >> 4))
#define ESNN_NIBBLE_BIAS ESNN_BIAS
#endif

/** Weights and scratch of one layer. Offsets are bytes into the arena. */
typedef struct {
    const uint32_t *weights;            /**< [blocks][rows][4] of ESNN_WEIGHTS(), or [2] of ESNN_NIBBLES() */
    const int16_t *bias;                /**< [blocks][ESNN_BLOCK], ESNN_BIAS() or ESNN_NIBBLE_BIAS() of every four */
    uint32_t block_words;               /**< words from one block to the next */
    uint32_t blocks;                    /**< outputs / ESNN_BLOCK, rounded up */
    uint32_t channels;                  /**< outputs */
    uint32_t plane[ESNN_MAX_TIMESTEPS]; /**< by place: bytes from the spikes of a position to those of its step */
    uint32_t sum[ESNN_MAX_TIMESTEPS];   /**< by place: entries from the sums to those of its step */
    uint32_t inputs;                    /**< of one position: rows from one line of the window to the next */
    uint32_t position_bytes;            /**< from the spikes of one position to those of the next */
    uint32_t row_bytes;                 /**< of the spikes of one step, a multiple of 2 */
    uint32_t places;                    /**< T */
    uint32_t map_bytes;                 /**< of the map of one part of a line, a multiple of 4: esnn_chain_map() */
    uint32_t position_map;              /**< of one position in it: 1, or a multiple of 2 */
    uint32_t column_rows;               /**< rows from one column of the window to the next */
    uint32_t map;                       /**< scratch: maps of the lines of a window, or of one position */
    uint32_t runs;                      /**< scratch: esnn_runs_t */
    uint32_t masks;   /**< scratch of V6M instead: 8 T bytes for each 32 inputs looked at together */
    uint32_t list;    /**< scratch: int16 entries; V6M: int32 */
    uint32_t totals;  /**< scratch: 2 T uint32 */
    uint32_t sums;    /**< scratch: int16 [T][ESNN_BLOCK] */
    uint32_t wide;    /**< scratch: int32 [T][ESNN_BLOCK], only where the finish is not narrow */
    uint32_t nibbles; /**< whether rows are nibbles: for them ESNN_NIBBLE_ROWS, else 0 */
} esnn_chain_t;

/**
 * Splits the spikes of neighbouring positions into the parts of the chain: 2 T - 1 maps of a line, one bit an input.
 *
 * @param spikes     of the first position, 2-byte aligned.
 * @param positions  their number.
 * @param map        where the first position is in the map of the first part; receives position_map bytes each,
 * input k in bit k & 7 of byte k >> 3. Parts are in the order of the list: trunk abcd, a, trunk bcd, b, .., last
 * place.
 */
void esnn_chain_map(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint8_t *map);

/** The lines that one row of windows sees. Columns left and right of the image are empty. */
typedef struct {
    const uint8_t *const *map; /**< of each line, first part; those outside of the image are empty */
    uint32_t count;            /**< number of them */
    uint32_t row;              /**< of the first column inside the image, counted from behind all columns */
    uint32_t before, columns;  /**< columns left of the image, and inside */
    uint32_t behind;           /**< columns right of the image, and one more */
    uint32_t present;          /**< bit i: part i may be other than empty */
} esnn_lines_t;

/**
 * Lists a row of windows by columns: for each part of the chain the rows of all columns from left to right, then
 * ESNN_LIST_END. A window is a run of each part.
 *
 * @param starts  receives [before + columns + behind][2 T - 1]: where each column of each part begins.
 */
void esnn_chain_columns(const esnn_chain_t *chain, const esnn_lines_t *lines, int16_t *list, int16_t **starts);

/** The rows that one position adds, listed, and where its sums go. */
typedef struct {
    uint32_t rows;                                     /**< from row 0 of a block to what listed rows count from */
    int16_t *out[ESNN_MAX_TIMESTEPS];                  /**< by place: [ESNN_BLOCK] sums */
    const int16_t *part[2u * ESNN_MAX_TIMESTEPS - 1u]; /**< trunk abcd, a, trunk bcd, b, .., last place: ends with
                                                          ESNN_LIST_END */
    uint32_t plain;                                    /**< nothing follows the sums but a binary neuron */
    uint32_t early, late; /**< then: spikes that are not in the counters yet, of steps 0 and 1, 2 and 3, by byte */
    uint32_t room;        /**< blocks whose spikes the bytes still have room for */
} esnn_runs_t;

/** Sets where sums go: to chain->sums, by step; and whether they are plain. Once per layer, before all positions. */
void esnn_chain_begin(const esnn_chain_t *chain, const esnn_finish_t *finish, uint8_t *arena);

/** Once per layer, behind all positions that went through esnn_chain_finish(): the last spikes are counted. */
void esnn_chain_end(const esnn_chain_t *chain, const esnn_finish_t *finish, uint8_t *arena, uint32_t *counts);

/** Blocks whose counts of 8 bits fit a byte. */
#define ESNN_COUNTED_BLOCKS 31u

/** Adds counts by byte to the counters; clears them. */
void esnn_chain_count(esnn_runs_t *runs, uint32_t *counter);

/**
 * Lists the rows of one position of spikes, 2-byte aligned: its runs (V6M: its list).
 *
 * Where sums ask for totals (ESNN_CHAIN_TOTALS, nibbles): by place, the number of rows that make its sum.
 */
void esnn_chain_list(const esnn_chain_t *chain, const uint8_t *spikes, uint8_t *arena);

/**
 * Sums of one block at all steps, int16 [ESNN_BLOCK] for each place: bias[c] + the rows of the step.
 *
 * @param weights  what rows of the block count from: runs->rows rows behind its first one.
 * @param bias     of the block.
 * @param totals   see esnn_chain_list().
 */
typedef void esnn_chain_sums_t(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                               const esnn_runs_t *runs, const uint32_t *totals);

esnn_chain_sums_t esnn_chain_sums_portable, esnn_chain_sums_swar, esnn_chain_sums_v7m, esnn_chain_sums_dsp;

/** The same from rows of nibbles (ESNN_NIBBLE_ROWS). */
esnn_chain_sums_t esnn_chain_sums_nibbles_portable, esnn_chain_sums_nibbles_swar, esnn_chain_sums_nibbles_dsp;

/** All sums of a block on V6M, from the list, to int16 [T][ESNN_BLOCK] by step. */
void esnn_chain_sums_v6m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias, const int16_t *list,
                         int16_t *sums);

/** All blocks of one position, from its list and totals, each finished when it is summed. */
void esnn_chain_finish(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                       uint8_t *arena, uint32_t *counts);

/** Words of weights of so many rows. */
static inline uint32_t esnn_row_words(const esnn_chain_t *chain, uint32_t rows)
{
    return chain->nibbles ? rows << 1 : rows << (ESNN_PAIRED_ROWS ? 3u : 2u);
}

/** The sums of a block as lanes, at chain->sums, of the rows that are listed. @param weights, bias  of the block. */
static inline void esnn_chain_lane_sums(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                        uint8_t *arena)
{
#if ESNN_CHAIN_V6M
    esnn_chain_sums_v6m(chain, weights, bias, (const int16_t *)(const void *)(arena + chain->list),
                        (int16_t *)(void *)(arena + chain->sums));
#else
    const esnn_runs_t *runs = (const esnn_runs_t *)(const void *)(arena + chain->runs);
    const uint32_t *totals = (const uint32_t *)(const void *)(arena + chain->totals);
    weights += esnn_row_words(chain, runs->rows);
#if ESNN_NIBBLE_ROWS
    if (chain->nibbles) {
        esnn_chain_sums_nibbles(chain, weights, bias, runs, totals);
        return;
    }
#endif
    esnn_chain_sums(chain, weights, bias, runs, totals);
#endif
}

#endif
