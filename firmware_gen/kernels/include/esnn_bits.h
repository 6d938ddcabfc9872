/**
 * @file esnn_bits.h
 * @brief Set bits of a word of spikes, listed as rows of weights.
 */
#ifndef ESNN_BITS_H
#define ESNN_BITS_H

#include <stdint.h>
#include <string.h>

#include "esnn_build.h"
#include "esnn_forms.h"

/** Place of the lowest set bit of a byte; 0 for 0. */
extern const uint8_t esnn_lowest_bit[256];

/**
 * Appends the rows whose bit is set, in any order.
 *
 * @param mask   bit k is row first + k.
 * @param first  row of bit 0; modulo 2^32; those of set bits fit int16.
 * @return the list behind what was appended.
 */
static inline int16_t *esnn_append_rows(uint32_t mask, uint32_t first, int16_t *list)
{
#if ESNN_THUMB2
    if (mask != 0) {
        uint32_t bit, row;
        __asm__ volatile("0:\n"
                         "clz %[bit], %[mask]\n"
                         "sub %[row], %[top], %[bit]\n"
                         "lsr %[bit], %[high], %[bit]\n"
                         "strh %[row], [%[list]], #2\n"
                         "bics %[mask], %[mask], %[bit]\n"
                         "bne 0b\n"
                         : [mask] "+r"(mask), [list] "+r"(list), [bit] "=&r"(bit), [row] "=&r"(row)
                         : [top] "r"(first + 31u), [high] "r"(0x80000000u)
                         : "cc", "memory");
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

/** 1, 2 or 4 bytes of bits; those of 2 and 4 are aligned to 2 bytes. */
static inline uint32_t esnn_load_bits(const uint8_t *at, uint32_t bytes)
{
    if (bytes == 1u) {
        return *at;
    }
    uint32_t bits = *(const uint16_t *)(const void *)at;
    if (bytes == 4u) {
#if ESNN_HAS_UNALIGNED
        memcpy(&bits, at, 4);
#else
        bits |= (uint32_t)*(const uint16_t *)(const void *)(at + 2) << 16;
#endif
    }
    return bits;
}

/** Appends the rows of `bytes` of bits: 1, or an even number of them, aligned to 2. @param first  row of bit 0. */
static inline int16_t *esnn_append_bits(const uint8_t *at, uint32_t bytes, uint32_t first, int16_t *list)
{
    for (; bytes >= 4u; bytes -= 4u) {
        list = esnn_append_rows(esnn_load_bits(at, 4), first, list);
        first += 32u;
        at += 4;
    }
    return bytes == 0 ? list : esnn_append_rows(esnn_load_bits(at, bytes), first, list);
}

#endif
