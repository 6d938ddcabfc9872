#include "esnn_fire_dsp.h"

#if ESNN_CHAIN_DSP

/** Both steps of a pair: `place` is twice its number; its sums lie 32 bytes apart. */
#define ESNN_PAIR(place, sum0, sum1)                                                                                 \
    "ldr %[theta], [%[thresholds], #" sum0 "]\n"                                                                     \
    "ldr %[u], [%[sums], #" sum0 "]\n" ESNN_SPIKE("f0", place) ESNN_LEAK(sum1) ESNN_SPIKE("f1", place)

static uint32_t esnn_neurons_binary(const uint32_t *sums, const uint32_t *thresholds, uint32_t *planes)
{
    uint32_t f0 = 0, f1 = 0;
    uint32_t s, u, theta;
    /* In one piece, because the compiler would work on many pairs at once and run out of registers. */
    __asm__ volatile(ESNN_PAIR("0", "0", "32") ESNN_PAIR("2", "4", "36") ESNN_PAIR("4", "8", "40")
                         ESNN_PAIR("6", "12", "44") ESNN_PAIR("8", "16", "48") ESNN_PAIR("10", "20", "52")
                             ESNN_PAIR("12", "24", "56") ESNN_PAIR("14", "28", "60")
                     : [f0] "+&r"(f0), [f1] "+&r"(f1), [s] "=&r"(s), [u] "=&r"(u), [theta] "=&r"(theta)
                     : [sums] "r"(sums), [thresholds] "r"(thresholds), [one] "r"(0x00020001u), [zero] "r"(0u)
                     : "cc", "memory");
    planes[0] = esnn_fold(f0, f1);
    return planes[0];
}

static uint32_t esnn_neurons_ternary(const uint32_t *sums, const uint32_t *theta, uint32_t *planes)
{
    uint32_t plus[2] = {0, 0};
    uint32_t minus[2] = {0, 0};
    esnn_ternary_dsp(sums, theta, 2, plus, minus);
    planes[0] = esnn_fold(plus[0], plus[1]);
    planes[1] = esnn_fold(minus[0], minus[1]);
    return planes[0] | planes[1];
}

uint32_t esnn_block_neuron_two_dsp(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    const uint32_t *words = (const uint32_t *)(const void *)sums;
    const uint32_t *theta = (const uint32_t *)(const void *)threshold;
    return ternary ? esnn_neurons_ternary(words, theta, planes) : esnn_neurons_binary(words, theta, planes);
}

#endif
