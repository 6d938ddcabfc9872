/**
 * @file esnn_graded.h
 * @brief Layers of 8-bit codes, as int8 networks have them: what their kernels share.
 *
 * A code is a byte 0..255 that stands for scale * (code - zero point); an int8 value q has the code q + 128. Tensors
 * are [position][channel] without gaps. Source: docs/numerics.md, "Graded edges".
 */
#ifndef ESNN_GRADED_H
#define ESNN_GRADED_H

#include <stddef.h>
#include <stdint.h>

#include "esnn_build.h"
#include "esnn_forms.h"
#include "esnn_status.h"

/**
 * y >> shift, as a code: clamped to low .. high, all constants. Shifts of numbers below 0 are arithmetic.
 */
#if ESNN_THUMB2
#define ESNN_CODE(y, shift, low, high)                                                                               \
    __extension__({                                                                                                  \
        int32_t code_;                                                                                               \
        __asm__("usat %0, #8, %1, asr %2" : "=r"(code_) : "r"(y), "n"(shift));                                       \
        if ((low) > 0 && code_ < (low)) {                                                                            \
            code_ = (low);                                                                                           \
        }                                                                                                            \
        if ((high) < 255 && code_ > (high)) {                                                                        \
            code_ = (high);                                                                                          \
        }                                                                                                            \
        code_;                                                                                                       \
    })
#else
static inline uint8_t esnn_code(int32_t y, int32_t low, int32_t high)
{
    if (low == 0 && high == 255) { /* one comparison where nothing is to be clamped */
        return (uint8_t)((uint32_t)y > 255u ? ~(y >> 31) : y);
    }
    return (uint8_t)(y < low ? low : y > high ? high : y);
}
#define ESNN_CODE(y, shift, low, high) esnn_code((y) >> (shift), low, high)
#endif

/** x << by, of numbers below 0 too. */
#define ESNN_LIFT(x, by) ((int32_t)((uint32_t)(x) << (by)))

/** How many of `count` codes, at a multiple of 4, are not `zero`: the spikes of a layer. */
uint32_t esnn_graded_count(const uint8_t *codes, uint32_t count, uint32_t zero);

/*
 * Generated code: a code shifted left is added to sums. With Thumb-2 that is one instruction; elsewhere the code is
 * shifted once for all sums. ESNN_MORE() and ESNN_FEWER() make 2^shift + 1 and 2^shift - 1 times a code. Compilers
 * must not see through it: they join shifted additions to products.
 */
#if ESNN_THUMB2
#define ESNN_SHIFTED(shifted, code, shift) ((void)0)
#define ESNN_PLUS(sum, shifted, code, shift)                                                                         \
    __asm__("add %0, %1, %2, lsl %3" : "=r"(sum) : "r"(sum), "r"(code), "n"(shift))
#define ESNN_LESS(sum, shifted, code, shift)                                                                         \
    __asm__("sub %0, %1, %2, lsl %3" : "=r"(sum) : "r"(sum), "r"(code), "n"(shift))
#define ESNN_MORE(made, code, shift) __asm__("add %0, %1, %1, lsl %2" : "=r"(made) : "r"(code), "n"(shift))
#define ESNN_FEWER(made, code, shift) __asm__("rsb %0, %1, %1, lsl %2" : "=r"(made) : "r"(code), "n"(shift))
#else
#define ESNN_SHIFTED(shifted, code, shift)                                                                           \
    do {                                                                                                             \
        (shifted) = (int32_t)((code) << (shift));                                                                    \
        ESNN_HIDE(shifted);                                                                                          \
    } while (0)
#define ESNN_PLUS(sum, shifted, code, shift)                                                                         \
    do {                                                                                                             \
        (sum) += (shifted);                                                                                          \
        ESNN_HIDE(sum);                                                                                              \
    } while (0)
#define ESNN_LESS(sum, shifted, code, shift)                                                                         \
    do {                                                                                                             \
        (sum) -= (shifted);                                                                                          \
        ESNN_HIDE(sum);                                                                                              \
    } while (0)
#define ESNN_MORE(made, code, shift)                                                                                 \
    do {                                                                                                             \
        ESNN_SHIFTED(made, code, shift);                                                                             \
        (made) += (code);                                                                                            \
        ESNN_HIDE(made);                                                                                             \
    } while (0)
#define ESNN_FEWER(made, code, shift)                                                                                \
    do {                                                                                                             \
        ESNN_SHIFTED(made, code, shift);                                                                             \
        (made) -= (code);                                                                                            \
        ESNN_HIDE(made);                                                                                             \
    } while (0)
#endif

#endif
