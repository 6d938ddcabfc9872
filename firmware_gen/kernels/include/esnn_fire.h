/**
 * @file esnn_fire.h
 * @brief One step of one neuron that resets to zero, in C and in four instructions of Armv7-M; and all of a block.
 */
#ifndef ESNN_FIRE_H
#define ESNN_FIRE_H

#include "esnn_chain.h"

/** Sets the bit, and U to 0, where comparing U with theta gives that condition. */
#define ESNN_FIRE_WHERE(compare, condition)                                                                          \
    __asm__(compare " %[u], %[theta]\n"                                                                              \
                    "itt " condition "\n"                                                                            \
                    "orr" condition " %[plane], %[plane], %[bit]\n"                                                  \
                    "mov" condition " %[u], #0"                                                                      \
            : [u] "+r"(*membrane), [plane] "+r"(*plane)                                                              \
            : [theta] "r"(theta), [bit] "r"(bit)                                                                     \
            : "cc")

/** Where U >= theta: sets the bit in the plane, and U to 0. */
static inline void esnn_fire(int32_t *membrane, int32_t theta, uint32_t bit, uint32_t *plane)
{
#if ESNN_THUMB2
    ESNN_FIRE_WHERE("cmp", "ge");
#else
    if (*membrane >= theta) {
        *plane |= bit;
        *membrane = 0;
    }
#endif
}

/** Where U <= -theta; behind esnn_fire(), which leaves 0 where it fired. */
static inline void esnn_fire_minus(int32_t *membrane, int32_t theta, uint32_t bit, uint32_t *plane)
{
#if ESNN_THUMB2
    ESNN_FIRE_WHERE("cmn", "le");
#else
    if (*membrane <= -theta) {
        *plane |= bit;
        *membrane = 0;
    }
#endif
}

/** A binary neuron, or a ternary one. */
static inline void esnn_fire_both(int32_t *membrane, int32_t theta, uint32_t bit, uint32_t *plus, uint32_t *minus,
                                  uint32_t ternary)
{
    esnn_fire(membrane, theta, bit, plus);
    if (ternary) {
        esnn_fire_minus(membrane, theta, bit, minus);
    }
}

/** Number i of int16 ones or, `wide`, of int32 ones. */
static inline int32_t esnn_number(const void *numbers, uint32_t i, uint32_t wide)
{
    return wide ? ((const int32_t *)numbers)[i] : ((const int16_t *)numbers)[i];
}

/**
 * T = 4, as esnn_block_neuron(), or T = 2, as esnn_block_neuron_two_portable().
 *
 * @param wide     whether sums and thresholds are int32, not int16.
 * @param four     whether T is 4; known when this is compiled, as is `wide`.
 * @param stride   numbers from the sums of one step to those of the next.
 */
__attribute__((always_inline)) static inline uint32_t esnn_block_fire(const void *sums, uint32_t stride,
                                                                      const void *threshold, uint32_t wide,
                                                                      uint32_t four, uint32_t ternary,
                                                                      uint32_t *planes)
{
    uint32_t a = 0, b = 0, c = 0, d = 0; /* planes of the steps, in registers */
    uint32_t e = 0, f = 0, g = 0, h = 0; /* of -1 */
    uint32_t third = stride << 1;
    if (wide) {
        ESNN_HIDE(third);
    }
    third += stride;
    for (uint32_t bit = 1, i = 0; bit != 1u << ESNN_BLOCK; bit <<= 1, ++i) {
        const int32_t theta = esnn_number(threshold, i, wide);
        int32_t membrane = esnn_number(sums, i, wide);
        esnn_fire_both(&membrane, theta, bit, &a, &e, ternary);
        membrane = (membrane >> 1) + esnn_number(sums, i + stride, wide);
        esnn_fire_both(&membrane, theta, bit, &b, &f, ternary);
        if (four) {
            membrane = (membrane >> 1) + esnn_number(sums, i + (stride << 1), wide);
            esnn_fire_both(&membrane, theta, bit, &c, &g, ternary);
            membrane = (membrane >> 1) + esnn_number(sums, i + third, wide);
            esnn_fire_both(&membrane, theta, bit, &d, &h, ternary);
        }
    }
    *planes++ = a | b << 16;
    if (four) {
        *planes++ = c | d << 16;
    }
    if (ternary) {
        *planes++ = e | f << 16;
        if (four) {
            *planes = g | h << 16;
        }
    }
    return a | b | c | d | e | f | g | h;
}

#endif
