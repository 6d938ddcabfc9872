/**
 * @file esnn_bits.h
 * @brief Set bits of a word of spikes, listed as rows of weights.
 */
#ifndef ESNN_BITS_H
#define ESNN_BITS_H

#include <stdint.h>

/* Cores that count leading zeros keep input 0 in the highest bit. */
#if defined(__ARM_FEATURE_CLZ)
#define ESNN_MASK_BIT(k) (31u - (k))
#else
#define ESNN_MASK_BIT(k) (k)
#endif

/** Place of the lowest set bit of a byte; 0 for 0. */
extern const uint8_t esnn_lowest_bit[256];

/**
 * Appends the inputs whose bit is set, in order.
 *
 * @param mask   input k is bit ESNN_MASK_BIT(k).
 * @param first  row of input 0.
 * @return the list behind what was appended.
 */
static inline int16_t *esnn_append_rows(uint32_t mask, uint32_t first, int16_t *list)
{
#if defined(__ARM_FEATURE_CLZ)
    while (mask != 0) {
        const uint32_t k = (uint32_t)__builtin_clz(mask);
        mask &= ~(0x80000000u >> k);
        *list++ = (int16_t)(first + k);
    }
#else
    while (mask != 0) {
        uint32_t byte = mask & 255u;
        while (byte != 0) {
            *list++ = (int16_t)(first + esnn_lowest_bit[byte]);
            byte &= byte - 1u;
        }
        mask >>= 8;
        first += 8u;
    }
#endif
    return list;
}

#endif
