/**
 * @file esnn_context.h
 * @brief Contexts K^T V of one head with 16-bit entries: rows are added up, and rows of them are summed.
 *
 * A context has up to 16 rows of up to 16 lanes, two a word; row_words[i] is the number of words before row i.
 * While it grows, a word is one number modulo 2^32: its upper lane lacks what the lower one borrowed.
 */
#ifndef ESNN_CONTEXT_H
#define ESNN_CONTEXT_H

#include <stdint.h>

#include "esnn_bits.h"

/** Takes a bit out; returns its number. @param bits  not 0, below 2^16. */
static inline uint32_t esnn_take_bit(uint32_t *bits)
{
#if ESNN_HAS_CLZ
    const uint32_t k = 31u - (uint32_t)__builtin_clz(*bits);
#else
    const uint32_t low = *bits & 255u;
    const uint32_t k = low != 0 ? esnn_lowest_bit[low] : 8u + esnn_lowest_bit[*bits >> 8];
#endif
    *bits ^= 1u << k;
    return k;
}

/**
 * Adds `key` to each row whose bit is set.
 *
 * @param bits   not 0.
 * @param words  words of a row, an even number.
 */
void esnn_context_add(uint32_t *context, const uint8_t *row_words, uint32_t bits, const uint32_t *key,
                      uint32_t words);

/** Takes it off. */
void esnn_context_sub(uint32_t *context, const uint8_t *row_words, uint32_t bits, const uint32_t *key,
                      uint32_t words);

/**
 * sums[2 * words] = sum of the rows whose bit is set, of a context whose words have been split into lanes.
 *
 * @param bits   0 to 2^16 - 1.
 * @param words  words of a row, an even number.
 */
void esnn_context_mix(const uint32_t *context, const uint8_t *row_words, uint32_t bits, uint32_t words,
                      int32_t *sums);

#endif
