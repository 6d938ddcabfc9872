/**
 * @file esnn_attention.h
 * @brief Addition-only spiking self-attention, fused with the linear layer and ReLU of K.
 *
 * Q gates rows, V adds, subtracts or skips; K is a number >= 0, made row by row and never stored as a whole.
 * Source: Guo et al. 2025, A2OS2A; docs/numerics.md, "attention".
 */
#ifndef ESNN_ATTENTION_H
#define ESNN_ATTENTION_H

#include "esnn_chain.h"

/** How K comes about: a linear layer with ReLU and clip on spikes, or spikes themselves (weights NULL). */
typedef struct {
    const int8_t *weights; /**< [head][input] rows of `row_units` units; NULL: K are the spikes at `input` */
    const int32_t *bias;   /**< [head][padded] */
    const int32_t *clip;   /**< [head]: K = min(max(x, 0), clip) */
    uint32_t input;        /**< arena offset of the spikes K is made from */
    uint32_t step_stride;  /**< of them */
    uint32_t row_bytes;    /**< of them */
    uint16_t bit_rows[9];  /**< see esnn_list_active() */
    uint32_t head_bytes;   /**< bytes from one head's weights to the next */
    uint8_t ternary;       /**< of the spikes K is made from */
} esnn_key_t;

/** An attention. Head h owns channels h * width .. ; rows of a head are padded to `padded`, a multiple of 8. */
typedef struct {
    esnn_key_t key;
    uint32_t query, query_step;              /**< arena offset, bytes from one step to the next */
    uint32_t value, value_step, value_minus; /**< value_minus: bytes to the row of -1; 0 for binary V */
    uint32_t value_position;                 /**< bytes from one position to the next, T * value_step */
    uint32_t heads, width, padded;
    uint32_t positions;
    uint32_t scratch_rows;   /**< uint16, room for 8 * key.row_bytes, and for 2 * padded */
    uint32_t scratch_key;    /**< int32, `padded` */
    uint32_t scratch_acc;    /**< int32, T * padded */
    uint32_t scratch_main;   /**< int32. Order q_kv: T contexts [width][padded]; qk_v: T keys [width][positions] */
    uint32_t main_stride;    /**< entries from one step to the next in scratch_main */
    uint32_t scratch_scores; /**< int32, `positions`; order qk_v only */
    esnn_finish_t finish;
} esnn_attention_t;

/** Order Q (K^T V). @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_attention_q_kv(const esnn_attention_t *layer, uint8_t *arena, uint32_t *counts);

/** Order (Q K^T) V. @return as above. */
esnn_status_t esnn_attention_qk_v(const esnn_attention_t *layer, uint8_t *arena, uint32_t *counts);

/**
 * Order Q (K^T V) with 16-bit K and contexts, K made once a position for all heads and steps. A context is
 * [channel of V][channel of K], then turned round. Head widths: 4, 8, 12, 16.
 */
typedef struct {
    esnn_chain_t key;               /**< the linear layer of K */
    const int16_t *clip;            /**< [channels in whole blocks]: K = min(max(x, 0), clip) */
    uint32_t input, input_position; /**< arena offset of the spikes K is made from, bytes between positions */
    uint32_t query, query_step, query_position;
    uint32_t value, value_step, value_position;
    uint32_t value_minus; /**< bytes to the row of -1; 0 for binary V */
    uint32_t heads, width, channels, positions;
    uint32_t mask;                 /**< the lowest `width` bits */
    uint8_t row_words[ESNN_BLOCK]; /**< words from a context to each of its rows */
    uint32_t head_words;           /**< words of one context: width * width / 2 */
    uint32_t key_stride; /**< entries from one step to the next of keys and sums: channels in whole blocks */
    uint32_t keys;       /**< scratch: int16 [T][key_stride] */
    uint32_t contexts, context_bytes; /**< scratch: T * heads contexts */
    uint32_t sums, sum_bytes;         /**< scratch: int32 [T][key_stride] */
    uint8_t blocks; /**< the finish is a neuron that esnn_block_neuron_wide() runs, and nothing else */
    esnn_finish_t finish;
} esnn_attention_chain_t;

/** Runs it. @return as above. */
esnn_status_t esnn_attention_chain(const esnn_attention_chain_t *layer, uint8_t *arena, uint32_t *counts);

/** One head while the heads are walked. */
typedef struct {
    uint32_t first; /**< its first channel */
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *clip;
} esnn_head_t;

/** Moves on to the next head. */
void esnn_head_next(const esnn_attention_t *layer, esnn_head_t *head);

/** Makes K of one position, step and head: `width` numbers >= 0 into `row`, which has room for `padded`. */
void esnn_attention_key(const esnn_attention_t *layer, const esnn_head_t *head, const uint8_t *spikes, uint16_t *rows,
                        int32_t *row);

/**
 * Lists the active channels of one head: numbers 0 .. width-1.
 * @param bits   one row of packed channels of all heads.
 * @param first  the head's first channel.
 */
uint32_t esnn_list_channels(const uint8_t *bits, uint32_t first, uint32_t width, uint16_t *list);

#endif
