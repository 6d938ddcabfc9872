/**
 * @file esnn_v7m_numbers.h
 * @brief Sums as numbers plus ESNN_QUARTER, and neurons that take them (esnn_v7m.h).
 */
#ifndef ESNN_V7M_NUMBERS_H
#define ESNN_V7M_NUMBERS_H

#include "esnn_v7m.h"

#if ESNN_CHAIN_V7M

#if ESNN_PAIRED_ROWS

#define ESNN_STORE(out, one, two) ESNN_OUT(out) "stm r0, {r4-r11}\n"

#define ESNN_BRANCH ESNN_BRANCH_KEEPS

#else

#define ESNN_BRANCH ESNN_BRANCH_CHANGES

/** Takes the weights' bias off (r0 for even sums, r1 for odd ones); r3, ESNN_QUARTER - 2^15, leaves the offset. */
#define ESNN_SPLIT(even, odd)                                                                                        \
    "add " even ", " even ", r0\n"                                                                                   \
    "add " odd ", " odd ", r1\n"                                                                                     \
    "asr r2, " even ", #16\n"                                                                                        \
    "sub " odd ", " odd ", r2, lsl #8\n"                                                                             \
    "add " even ", " even ", r3\n"

#define ESNN_STORE(out, one, two)                                                                                    \
    ESNN_LACK("r1")                                                                                                  \
    "ldrd r0, r1, [r1, #" two "]\n"                                                                                  \
    "movw r3, #0xc000\n"                                                                                             \
    "movt r3, #0x3fff\n"                                                                                             \
    "add r1, r1, r3\n" ESNN_SPLIT("r4", "r5") ESNN_SPLIT("r6", "r7") ESNN_SPLIT("r8", "r9") ESNN_SPLIT("r10", "r11") \
        ESNN_OUT(out) "stm r0, {r4-r11}\n"

#endif

#include "esnn_chain_asm.h"

/*
 * Two neurons a word. Lanes hold V = U + 2^15, so they never are negative and none borrows from the other. V - theta
 * has bit 15 of a lane set where the neuron fires. Half of V, without the bit that came from the upper lane, is
 * H + 2^14 of the next step; where it fired, H is 0.
 */
#define ESNN_TEST(label)                                                                                             \
    "sub %[t], %[v], %[theta]\n"                                                                                     \
    "ands %[t], %[t], #0x80008000\n"                                                                                 \
    "bne " label "f\n"

#define ESNN_LEAK "and %[v], %[mask], %[v], lsr #1\n"

/** The lanes in t fired. */
#define ESNN_FIRED(label, plane, shift, back)                                                                        \
    label ":\n"                                                                                                      \
          "orr %[" plane "], %[" plane "], %[t], lsr #" shift "\n"                                                   \
          "sub %[x], %[t], %[t], lsr #15\n" ESNN_LEAK "bic %[v], %[v], %[x]\n"                                       \
          "orr %[v], %[v], %[t], lsr #1\n"                                                                           \
          "b " back "b\n"

#define ESNN_TWO(shift, at, sum1, sum2, sum3)                                                                        \
    "ldr %[theta], [%[thresholds], #" at "]\n" ESNN_FIRST(at) ESNN_TEST("5") ESNN_LEAK "1:\n" ESNN_NEXT(sum1)        \
        ESNN_TEST("6") ESNN_LEAK "2:\n" ESNN_NEXT(sum2) ESNN_TEST("7") ESNN_LEAK "3:\n" ESNN_NEXT(sum3)              \
            ESNN_TEST("8") "b 4f\n" ESNN_FIRED("5", "a", shift, "1") ESNN_FIRED("6", "b", shift, "2")                \
                ESNN_FIRED("7", "c", shift, "3") "8:\n"                                                              \
                                                 "orr %[d], %[d], %[t], lsr #" shift "\n"                            \
                                                 "4:\n"

/** Bits of even channels are in the lower half, of odd ones in the upper half one place lower. */
static inline uint32_t esnn_fold(uint32_t early, uint32_t late)
{
    return ((early | early >> 15) & 0xffffu) | ((late | late >> 15) << 16);
}

#define ESNN_NEURONS(from)                                                                                           \
    uint32_t a = 0, b = 0, c = 0, d = 0, v, t, x, theta;                                                             \
    __asm__ volatile(ESNN_EACH_PAIR(ESNN_TWO)                                                                        \
                     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [v] "=&r"(v), [t] "=&r"(t), [x] "=&r"(x), \
                       [theta] "=&r"(theta)                                                                          \
                     : [sums] "r"(from), [thresholds] "r"(threshold), [mask] "r"(0x7fff7fffu)                        \
                     : "cc", "memory");                                                                              \
    planes[0] = esnn_fold(a, b);                                                                                     \
    planes[1] = esnn_fold(c, d);                                                                                     \
    return a | b | c | d

#define ESNN_FIRST(at)                                                                                               \
    "ldr %[v], [%[sums], #" at "]\n"                                                                                 \
    "add %[v], %[v], #0x40004000\n"
#define ESNN_NEXT(at)                                                                                                \
    "ldr %[x], [%[sums], #" at "]\n"                                                                                 \
    "add %[v], %[v], %[x]\n"

/** esnn_block_neuron_lanes() for binary neurons, from such numbers: uint32 [4][ESNN_BLOCK / 2]. */
static inline uint32_t esnn_neurons_v7m(const int16_t *numbers, const int16_t *threshold, uint32_t *planes)
{
    ESNN_NEURONS(numbers);
}

#endif

#endif
