/**
 * @file esnn_fire.h
 * @brief One step of one neuron that resets to zero: the same in C and in four instructions of Armv7-M.
 */
#ifndef ESNN_FIRE_H
#define ESNN_FIRE_H

#include "esnn_chain.h"

/** Where U >= theta: sets the bit in the plane, and U to 0. */
static inline void esnn_fire(int32_t *membrane, int32_t theta, uint32_t bit, uint32_t *plane)
{
#if ESNN_THUMB2
    __asm__("cmp %[u], %[theta]\n"
            "itt ge\n"
            "orrge %[plane], %[plane], %[bit]\n"
            "movge %[u], #0"
            : [u] "+r"(*membrane), [plane] "+r"(*plane)
            : [theta] "r"(theta), [bit] "r"(bit)
            : "cc");
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
    __asm__("cmn %[u], %[theta]\n"
            "itt le\n"
            "orrle %[plane], %[plane], %[bit]\n"
            "movle %[u], #0"
            : [u] "+r"(*membrane), [plane] "+r"(*plane)
            : [theta] "r"(theta), [bit] "r"(bit)
            : "cc");
#else
    if (*membrane <= -theta) {
        *plane |= bit;
        *membrane = 0;
    }
#endif
}

#endif
