/**
 * @file esnn_dsp.h
 * @brief The chain and its neurons on cores with DSP: two lanes a word. Source: docs/kernels.md.
 */
#ifndef ESNN_DSP_H
#define ESNN_DSP_H

#include "esnn_block.h"

#if ESNN_CHAIN_DSP

/* A row costs 12 instructions: its number, its address, one LDM and 8 SXTAB16. */
#define ESNN_ROW_BITS "4"
#define ESNN_ROW                                                                                                     \
    "ldm r0, {r0-r3}\n"                                                                                              \
    "sxtab16 r4, r4, r0\n"                                                                                           \
    "sxtab16 r5, r5, r0, ror #8\n"                                                                                   \
    "sxtab16 r6, r6, r1\n"                                                                                           \
    "sxtab16 r7, r7, r1, ror #8\n"                                                                                   \
    "sxtab16 r8, r8, r2\n"                                                                                           \
    "sxtab16 r9, r9, r2, ror #8\n"                                                                                   \
    "sxtab16 r10, r10, r3\n"                                                                                         \
    "sxtab16 r11, r11, r3, ror #8\n"
#define ESNN_STORE(out, one, two) ESNN_OUT(out) "stm r0, {r4-r11}\n"
#define ESNN_BRANCH ESNN_BRANCH_KEEPS

#include "esnn_chain_asm.h"
#include "esnn_fire_dsp.h"

/** All steps of a pair: `place` is twice its number; its sums lie 32 bytes apart. */
#define ESNN_NEURONS_OF(place, sum0, sum1, sum2, sum3)                                                               \
    "ldr %[theta], [%[thresholds], #" sum0 "]\n"                                                                     \
    "ldr %[u], [%[sums], #" sum0 "]\n" ESNN_SPIKE("f0", place) ESNN_LEAK(sum1) ESNN_SPIKE("f1", place)               \
        ESNN_LEAK(sum2) ESNN_SPIKE("f2", place) ESNN_LEAK(sum3) ESNN_SPIKE("f3", place)

/** Binary neurons of a block: esnn_block_neuron_dsp(). */
static inline uint32_t esnn_neurons_dsp(const uint32_t *sums, const uint32_t *thresholds, uint32_t *planes)
{
    uint32_t f0 = 0, f1 = 0, f2 = 0, f3 = 0;
    uint32_t s, u, theta;
    /* In one piece, because the compiler would work on many pairs at once and run out of registers. */
    __asm__ volatile(
        ESNN_NEURONS_OF("0", "0", "32", "64", "96") ESNN_NEURONS_OF("2", "4", "36", "68", "100")
            ESNN_NEURONS_OF("4", "8", "40", "72", "104") ESNN_NEURONS_OF("6", "12", "44", "76", "108")
                ESNN_NEURONS_OF("8", "16", "48", "80", "112") ESNN_NEURONS_OF("10", "20", "52", "84", "116")
                    ESNN_NEURONS_OF("12", "24", "56", "88", "120") ESNN_NEURONS_OF("14", "28", "60", "92", "124")
        : [f0] "+&r"(f0), [f1] "+&r"(f1), [f2] "+&r"(f2), [f3] "+&r"(f3), [s] "=&r"(s), [u] "=&r"(u),
          [theta] "=&r"(theta)
        : [sums] "r"(sums), [thresholds] "r"(thresholds), [one] "r"(0x00020001u), [zero] "r"(0u)
        : "cc", "memory");
    planes[0] = esnn_fold(f0, f1);
    planes[1] = esnn_fold(f2, f3);
    return planes[0] | planes[1];
}

#endif

#endif
