/**
 * @file esnn_vector_attention.h
 * @brief Addition-only attention, Q (K^T V), for cores with vector registers: heads of 12 or 16 channels, T = 4.
 *
 * The numbers are those of esnn_attention_chain(). A context is int16 [16 channels of V][16 channels of K] while it
 * is summed; esnn_vector_turn() makes it [channel of K][place of a channel of V], where channel 4 j + i has place
 * 4 i + j: so the lanes of four vectors of 32-bit sums interleave to a plane of 16 bits. A head of fewer channels has
 * 16 of them in K, its contexts and thresholds; in Q, V and the spikes it makes heads lie next to each other.
 */
#ifndef ESNN_VECTOR_ATTENTION_H
#define ESNN_VECTOR_ATTENTION_H

#include <string.h>

#include "esnn_vector.h"

/** Channels that a head has room for, and numbers of a context. */
#define ESNN_HEAD 16u
#define ESNN_CONTEXT 256u

/** An attention with the linear layer of K, and a binary neuron behind it; offsets are bytes into the arena. */
typedef struct {
    esnn_vector_t key;        /**< lines of one position */
    const int16_t *clip;      /**< [heads][ESNN_HEAD]: K = min(max(x, 0), clip) */
    const int32_t *threshold; /**< [heads][ESNN_HEAD], INT32_MAX where there is no channel */
    uint32_t query, query_step, query_position;
    uint32_t value, value_step, value_position;
    uint32_t value_minus; /**< bytes to the row of -1; 0 for binary V */
    uint32_t heads, positions;
    uint32_t width;                   /**< channels of a head; pooled spikes have 16 */
    uint32_t contexts, context_bytes; /**< scratch: int16 [4][heads][ESNN_CONTEXT] */
    uint32_t turned;                  /**< scratch: int16 [ESNN_CONTEXT] */
    esnn_finish_t finish;             /**< a binary neuron for blocks, and nothing else */
} esnn_vector_attention_t;

/** Bits of a head in a row of spikes, in the upper half. @param at  byte of its first bit; `shift`: 16 less its place
 * there. @param mask  as many ones as there are channels, in the upper half */
static inline uint32_t esnn_head_bits(const uint8_t *at, uint32_t shift, uint32_t mask)
{
    uint16_t half;
    memcpy(&half, at, 2); /* need not be aligned */
    return (uint32_t)half << shift & mask;
}

/** Adds K^T V of one position to the contexts. @param keys  sums of the layer of K, int16 [4][heads][ESNN_HEAD]. */
void esnn_vector_contexts_portable(const esnn_vector_attention_t *layer, const int16_t *keys, const uint8_t *value,
                                   int16_t *contexts);
void esnn_vector_contexts_mve(const esnn_vector_attention_t *layer, const int16_t *keys, const uint8_t *value,
                              int16_t *contexts);

/** Turns some contexts round, see above. @param scratch  ESNN_CONTEXT numbers. */
void esnn_vector_turn_portable(int16_t *contexts, uint32_t count, int16_t *scratch);
void esnn_vector_turn_mve(int16_t *contexts, uint32_t count, int16_t *scratch);

/**
 * Q (K^T V) of one position and head at all steps, and its neurons, with 32-bit membranes.
 *
 * @param context    turned, of step 0; `stride` entries from one step to the next.
 * @param rows       by step: bit 16 + k is set where Q is 1.
 * @param threshold  int32 [16].
 * @param planes     two words, see esnn_block.h.
 */
void esnn_vector_mix_portable(const int16_t *context, uint32_t stride, const uint32_t *rows, const int32_t *threshold,
                              uint32_t *planes);
void esnn_vector_mix_mve(const int16_t *context, uint32_t stride, const uint32_t *rows, const int32_t *threshold,
                         uint32_t *planes);

/** Runs it. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_vector_attention(const esnn_vector_attention_t *layer, uint8_t *arena, uint32_t *counts);

#endif
