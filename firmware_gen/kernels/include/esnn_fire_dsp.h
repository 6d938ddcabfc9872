/**
 * @file esnn_fire_dsp.h
 * @brief One step of two neurons in the lanes of a word, for cores with DSP: binary ones as assembler, ternary in C.
 */
#ifndef ESNN_FIRE_DSP_H
#define ESNN_FIRE_DSP_H

#include "esnn_block.h"

#if ESNN_CHAIN_DSP

/** U = H + X, in two lanes. */
static inline uint32_t esnn_add(uint32_t residue, uint32_t sum)
{
    __asm__("sadd16 %0, %0, %1" : "+r"(residue) : "r"(sum));
    return residue;
}

/** Spikes (1 in the lower lane, 2 in the upper one) where U >= theta; leaves H = leak of U, or 0 there. */
static inline uint32_t esnn_fire(uint32_t *membrane, uint32_t theta)
{
    uint32_t fired;
    uint32_t residue = *membrane;
    __asm__("ssub16 %0, %1, %2\n" /* GE of a lane: U - theta >= 0, exactly */
            "sel %0, %3, %4\n"
            "sel %1, %4, %1\n"
            "shadd16 %1, %1, %4" /* floor of half */
            : "=&r"(fired), "+r"(residue)
            : "r"(theta), "r"(0x00020001u), "r"(0u)
            : "cc");
    *membrane = residue;
    return fired;
}

/** The same for -1, without the leak: spikes where U <= -theta. */
static inline uint32_t esnn_fire_minus(uint32_t *membrane, uint32_t minus_theta)
{
    uint32_t fired;
    uint32_t residue = *membrane;
    __asm__("ssub16 %0, %2, %1\n"
            "sel %0, %3, %4\n"
            "sel %1, %4, %1"
            : "=&r"(fired), "+r"(residue)
            : "r"(minus_theta), "r"(0x00020001u), "r"(0u)
            : "cc");
    *membrane = residue;
    return fired;
}

static inline uint32_t esnn_negate(uint32_t lanes)
{
    uint32_t zero = 0;
    __asm__("ssub16 %0, %0, %1" : "+r"(zero) : "r"(lanes));
    return zero;
}

/**
 * Ternary neurons of a block: sets their bits in `plus` and `minus`, a word a step, as esnn_fold() takes them.
 *
 * @param steps  known when this is compiled.
 */
__attribute__((always_inline)) static inline void esnn_ternary_dsp(const uint32_t *sums, const uint32_t *theta,
                                                                   uint32_t steps, uint32_t *plus, uint32_t *minus)
{
#pragma GCC unroll 8
    for (uint32_t pair = 0; pair < 8u; ++pair) {
        const uint32_t threshold = theta[pair];
        const uint32_t minus_threshold = esnn_negate(threshold);
        uint32_t membrane = 0;
#pragma GCC unroll 4
        for (uint32_t t = 0; t < steps; ++t) {
            membrane = esnn_add(membrane, sums[pair + (t << 3)]);
            minus[t] |= esnn_fire_minus(&membrane, minus_threshold) << (pair << 1);
            plus[t] |= esnn_fire(&membrane, threshold) << (pair << 1);
        }
    }
}

/**
 * Bits of even channels are in the lower half, of odd ones in the upper half, each in its own place: planes of two
 * steps, in one word.
 */
static inline uint32_t esnn_fold(uint32_t early, uint32_t late)
{
    return ((early | early >> 16) & 0xffffu) | ((late | late >> 16) << 16);
}

/** Spikes of a pair of neurons at one step: GE of a lane is U - theta >= 0, exactly. */
#define ESNN_SPIKE(plane, place)                                                                                     \
    "ssub16 %[s], %[u], %[theta]\n"                                                                                  \
    "sel %[s], %[one], %[zero]\n"                                                                                    \
    "orr %[" plane "], %[" plane "], %[s], lsl #" place "\n"

/** H = leak of U, or 0 where it fired; U = H + X of the next step. */
#define ESNN_LEAK(sum)                                                                                               \
    "sel %[u], %[zero], %[u]\n"                                                                                      \
    "ldr %[s], [%[sums], #" sum "]\n"                                                                                \
    "shadd16 %[u], %[u], %[zero]\n"                                                                                  \
    "sadd16 %[u], %[u], %[s]\n"

#endif

#endif
