/**
 * @file esnn_v7m.h
 * @brief The chain on Armv7-M without DSP (M3): what its two forms of sums share.
 *
 * Sums are two a word, as numbers modulo 2^32 (esnn_chain_sums_swar()); they leave as lanes, or as numbers plus
 * ESNN_QUARTER, which neurons take. Source: docs/kernels.md.
 */
#ifndef ESNN_V7M_H
#define ESNN_V7M_H

#include "esnn_block.h"

#if ESNN_CHAIN_V7M

/** 2^14 in both lanes. */
#define ESNN_QUARTER 0x40004000u

#if ESNN_PAIRED_ROWS

/** A row costs 14 instructions: its number, its address, three LDM and eight additions. */
#define ESNN_ROW_BITS "5"
#define ESNN_ROW                                                                                                     \
    "ldm r0!, {r1-r3}\n"                                                                                             \
    "add r4, r4, r1\n"                                                                                               \
    "add r5, r5, r2\n"                                                                                               \
    "add r6, r6, r3\n"                                                                                               \
    "ldm r0!, {r1-r3}\n"                                                                                             \
    "add r7, r7, r1\n"                                                                                               \
    "add r8, r8, r2\n"                                                                                               \
    "add r9, r9, r3\n"                                                                                               \
    "ldm r0, {r1, r2}\n"                                                                                             \
    "add r10, r10, r1\n"                                                                                             \
    "add r11, r11, r2\n"

#else

/**
 * esnn_chain_sums_swar() with everything in registers: r4 r6 r8 r10 hold even sums, r5 r7 r9 r11 odd ones, which
 * start with what is taken off them in the end: ESNN_BIAS(). A row costs 16 instructions: its number, its address,
 * one LDM, three a word.
 */
#define ESNN_WORD(w, even, odd)                                                                                      \
    "add " odd ", " odd ", " w ", lsr #8\n"                                                                          \
    "and " w ", " w ", #0x00ff00ff\n"                                                                                \
    "add " even ", " even ", " w "\n"
#define ESNN_ROW_BITS "4"
#define ESNN_ROW                                                                                                     \
    "ldm r0, {r0-r3}\n" ESNN_WORD("r0", "r4", "r5") ESNN_WORD("r1", "r6", "r7") ESNN_WORD("r2", "r8", "r9")          \
        ESNN_WORD("r3", "r10", "r11")

#endif

/**
 * Turns totals, once for all blocks of a position, into what sums of so many rows lack: the bias of their weights,
 * and 2^15 to round to lanes (esnn_chain_sums_swar()).
 *
 * @param totals  by place: rows; becomes [T][2]: for even sums, for odd ones.
 */
static inline void esnn_chain_lacks(uint32_t *totals, uint32_t places)
{
    uint32_t *lack = totals + (places << 1);
    const uint32_t *total = totals + places;
    while (total != totals) {
        const uint32_t rows = *--total;
        const uint32_t each = rows << 7;
        const uint32_t even = 0x8000u - each - (each << 16);
        *--lack = even - (rows << 15);
        *--lack = even;
    }
}

/** esnn_chain_sums_v7m(), but numbers plus ESNN_QUARTER: uint32 [ESNN_BLOCK / 2] for each place. */
void esnn_chain_numbers_v7m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                            const esnn_runs_t *runs, const uint32_t *totals);

/**
 * Sums of all blocks of one position, pooled in 15 bits: pooled currents are sums + 2^14
 * (esnn_conv2d_chain_t.pool_lanes).
 */
void esnn_chain_pool_v7m(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                         uint8_t *arena);

#endif

#endif
