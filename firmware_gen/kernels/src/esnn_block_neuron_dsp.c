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

/** All steps of a pair: `place` is twice its number; its sums lie 32 bytes apart. */
#define ESNN_PAIR(place, sum0, sum1, sum2, sum3)                                                                     \
    "ldr %[theta], [%[thresholds], #" sum0 "]\n"                                                                     \
    "ldr %[u], [%[sums], #" sum0 "]\n" ESNN_SPIKE("f0", place) ESNN_LEAK(sum1) ESNN_SPIKE("f1", place)               \
        ESNN_LEAK(sum2) ESNN_SPIKE("f2", place) ESNN_LEAK(sum3) ESNN_SPIKE("f3", place)

static uint32_t esnn_neurons_binary(const uint32_t *sums, const uint32_t *thresholds, uint32_t *planes)
{
    uint32_t f0 = 0, f1 = 0, f2 = 0, f3 = 0;
    uint32_t s, u, theta;
    /* In one piece, because the compiler would work on many pairs at once and run out of registers. */
    __asm__(ESNN_PAIR("0", "0", "32", "64", "96") ESNN_PAIR("2", "4", "36", "68", "100")
                ESNN_PAIR("4", "8", "40", "72", "104") ESNN_PAIR("6", "12", "44", "76", "108")
                    ESNN_PAIR("8", "16", "48", "80", "112") ESNN_PAIR("10", "20", "52", "84", "116")
                        ESNN_PAIR("12", "24", "56", "88", "120") ESNN_PAIR("14", "28", "60", "92", "124")
            : [f0] "+&r"(f0), [f1] "+&r"(f1), [f2] "+&r"(f2), [f3] "+&r"(f3), [s] "=&r"(s), [u] "=&r"(u),
              [theta] "=&r"(theta)
            : [sums] "r"(sums), [thresholds] "r"(thresholds), [one] "r"(0x00020001u), [zero] "r"(0u),
              "m"(*(const uint32_t (*)[32])sums), "m"(*(const uint32_t (*)[8])thresholds)
            : "cc");
    planes[0] = esnn_fold(f0, f1);
    planes[1] = esnn_fold(f2, f3);
    return planes[0] | planes[1];
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
    planes[0] = esnn_fold(plus[0], plus[1]);
    planes[1] = esnn_fold(plus[2], plus[3]);
    planes[2] = esnn_fold(minus[0], minus[1]);
    planes[3] = esnn_fold(minus[2], minus[3]);
    return planes[0] | planes[1] | planes[2] | planes[3];
}

uint32_t esnn_block_neuron_dsp(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    const uint32_t *words = (const uint32_t *)(const void *)sums;
    const uint32_t *theta = (const uint32_t *)(const void *)threshold;
    return ternary ? esnn_neurons_ternary(words, theta, planes) : esnn_neurons_binary(words, theta, planes);
}

#endif
