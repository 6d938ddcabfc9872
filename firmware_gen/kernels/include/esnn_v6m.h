/**
 * @file esnn_v6m.h
 * @brief The chain on Armv6-M (M0, M0+), where an addition reaches all registers and little else does.
 *
 * Rows are 16-bit weights, two a word, and are added as they are: a pair of sums is one number, low + 2^16 high
 * modulo 2^32, plus an offset that the reader asks for. Lists hold the bytes from the weights of a block to each row,
 * int32. A window is a list for each of its columns, so that neighbouring windows share them. Source:
 * docs/kernels.md.
 */
#ifndef ESNN_V6M_H
#define ESNN_V6M_H

#include "esnn_block.h"

/** Widest window of a convolution. */
#define ESNN_MAX_COLUMNS 8u

/** Bytes of a row of a block. */
#define ESNN_ROW_SHIFT 5u

/** 2^14 in both lanes: the offset that neurons ask for. */
#define ESNN_QUARTER 0x40004000u

/** Lanes with bit 15 flipped are their number plus this. */
#define ESNN_TOPS 0x80008000u

/** Where the sums of a position come from and go to. */
typedef struct {
    uint32_t *out[ESNN_MAX_TIMESTEPS];     /**< by place: receives [ESNN_BLOCK / 2] numbers */
    const int32_t *list[ESNN_MAX_COLUMNS]; /**< one for each column of the window, or one for all */
    uint32_t lists;
    uint32_t column_words; /**< words from the weights of one column to those of the next */
    uint32_t pool;         /**< sums are pooled in 15 bits, see esnn_conv2d_chain_t.pool_lanes */
} esnn_walk_t;

/** Sets where the sums of each place go: to [T][ESNN_BLOCK / 2] numbers, by step. */
static inline void esnn_walk_to(esnn_walk_t *walk, const esnn_chain_t *chain, uint32_t *numbers)
{
    for (uint32_t i = 0; i < chain->places; ++i) {
        walk->out[i] = numbers + (chain->sum[i] >> 1);
    }
}

/** to[words] = (from[words] + plus) ^ flip; `words` is a multiple of 4, and `to` may be `from`. */
void esnn_flip_words_v6m(uint32_t *to, const uint32_t *from, uint32_t words, uint32_t plus, uint32_t flip);

/**
 * Splits the spikes of some neighbouring positions into the parts of the chain.
 *
 * @param spikes     of the first position, 2-byte aligned.
 * @param positions  their number.
 * @param first      row of input 0 of the first position; all rows are below 2^15 - 32.
 * @param masks      receives 2 T words for each 32 inputs of which any is active: first row, then one mask for each
 * of the 2 T - 1 parts, in the order of the list. Input k is bit k.
 * @return the first word behind what was written.
 */
uint32_t *esnn_chain_masks(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint32_t first,
                           uint32_t *masks);

/**
 * esnn_chain_masks() for T = 4.
 *
 * Positions of 8 inputs share words, three in each; those of 16 inputs whose rows follow one another share them in
 * pairs. A mask counts as 32 inputs in the one case, as eights that are `rows` rows apart in the other.
 *
 * @param stride  bytes from the spikes of one position to those of the next.
 * @param rows    rows from one position to the next.
 */
uint32_t *esnn_chain_masks_v6m(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint32_t stride,
                               uint32_t first, uint32_t rows, uint32_t *masks);

/**
 * Lists the rows of each part, each part closed by ESNN_LIST_END: trunk abcd, a, trunk bcd, b, .., last place.
 *
 * @param eight  bytes from the row of one input of a mask to that of the eighth behind it.
 */
void esnn_chain_list_v6m(const esnn_chain_t *chain, const uint32_t *masks, const uint32_t *end, uint32_t eight,
                         int32_t *list);

/** Sums of one block at all steps, as numbers plus `offset`. @param weights, bias  of the block. */
void esnn_chain_numbers_v6m(const esnn_chain_t *chain, const esnn_walk_t *walk, const uint32_t *weights,
                            const int16_t *bias, uint32_t offset);

/** All blocks of one position, each finished when it is summed. The sums go to chain->sums. */
void esnn_chain_blocks_v6m(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                           const esnn_walk_t *walk, uint8_t *arena, uint32_t *counts);

#endif
