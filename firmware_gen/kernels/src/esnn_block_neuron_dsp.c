#include "esnn_dsp.h"

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

static uint32_t esnn_neurons_ternary(const uint32_t *sums, const uint32_t *theta, uint32_t *planes)
{
    uint32_t plus[4] = {0, 0, 0, 0};
    uint32_t minus[4] = {0, 0, 0, 0};
#pragma GCC unroll 8
    for (uint32_t pair = 0; pair < 8u; ++pair) {
        const uint32_t threshold = theta[pair];
        const uint32_t minus_threshold = esnn_negate(threshold);
        uint32_t membrane = 0;
#pragma GCC unroll 4
        for (uint32_t t = 0; t < 4u; ++t) {
            membrane = esnn_add(membrane, sums[pair + (t << 3)]);
            minus[t] |= esnn_fire_minus(&membrane, minus_threshold) << (pair << 1);
            plus[t] |= esnn_fire(&membrane, threshold) << (pair << 1);
        }
    }
    planes[0] = esnn_fold_dsp(plus[0], plus[1]);
    planes[1] = esnn_fold_dsp(plus[2], plus[3]);
    planes[2] = esnn_fold_dsp(minus[0], minus[1]);
    planes[3] = esnn_fold_dsp(minus[2], minus[3]);
    return planes[0] | planes[1] | planes[2] | planes[3];
}

uint32_t esnn_block_neuron_dsp(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    const uint32_t *words = (const uint32_t *)(const void *)sums;
    const uint32_t *theta = (const uint32_t *)(const void *)threshold;
    return ternary ? esnn_neurons_ternary(words, theta, planes) : esnn_neurons_dsp(words, theta, planes);
}

#endif
