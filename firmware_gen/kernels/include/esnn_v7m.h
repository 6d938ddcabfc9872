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

/**
 * esnn_chain_sums_swar() with everything in registers: r4 r6 r8 r10 hold even sums, r5 r7 r9 r11 odd ones. A row
 * costs 16 instructions: its number, its address (an end mark, -1, carries out of the addition), one LDM, three a
 * word.
 */
#define ESNN_WORD(w, even, odd)                                                                                      \
    "add " odd ", " odd ", " w ", lsr #8\n"                                                                          \
    "and " w ", " w ", #0x00ff00ff\n"                                                                                \
    "add " even ", " even ", " w "\n"

#define ESNN_PART(label)                                                                                             \
    "b " label "f\n" label "0:\n"                                                                                    \
    "ldm r0, {r0-r3}\n" ESNN_WORD("r0", "r4", "r5") ESNN_WORD("r1", "r6", "r7") ESNN_WORD("r2", "r8", "r9")          \
        ESNN_WORD("r3", "r10", "r11") label ":\n"                                                                    \
                                            "ldrsh r0, [r12], #2\n"                                                  \
                                            "adds r0, lr, r0, lsl #4\n"                                              \
                                            "bcc " label "0b\n"

#define ESNN_CLOBBERS "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory"

/** What the sums of `rows` rows lack: their bias of 128, and 2^15 to round to lanes; see esnn_chain_sums_swar(). */
static inline uint32_t esnn_lack(uint32_t rows)
{
    const uint32_t each = rows << 7;
    return 0x8000u - each - (each << 16);
}

/** esnn_chain_sums_v7m(), but numbers plus ESNN_QUARTER; sums uint32 [T][ESNN_BLOCK / 2]. */
void esnn_chain_numbers_v7m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                            const int16_t *list, const uint32_t *totals, int16_t *sums);

/**
 * esnn_block_neuron_lanes() for binary neurons, from such numbers.
 *
 * @param numbers  uint32 [4][ESNN_BLOCK / 2].
 */
uint32_t esnn_block_neuron_numbers_v7m(const int16_t *numbers, const int16_t *threshold, uint32_t *planes);

#endif

#endif
