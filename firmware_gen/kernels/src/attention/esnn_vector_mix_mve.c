#include "esnn_vector_attention.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/*
 * Rows are added to the membranes themselves: lane j of vector i is channel 4 j + i. Predicates have four bits a
 * lane, so bit i of each comes from vector i. q4 to q7 hold what is loaded.
 */

/** Adds the rows of the context whose bit is set, the last row first. */
#define ESNN_ROWS                                                                                                    \
    "cbz %[bits], 2f\n"                                                                                              \
    "1:\n"                                                                                                           \
    "clz %[k], %[bits]\n"                                                                                            \
    "sub %[row], %[last], %[k], lsl #5\n"                                                                            \
    "lsr %[k], %[top], %[k]\n"                                                                                       \
    "vldrh.s32 q4, [%[row]]\n"                                                                                       \
    "vldrh.s32 q5, [%[row], #8]\n"                                                                                   \
    "vldrh.s32 q6, [%[row], #16]\n"                                                                                  \
    "vldrh.s32 q7, [%[row], #24]\n"                                                                                  \
    "vadd.i32 %q[u0], %q[u0], q4\n"                                                                                  \
    "vadd.i32 %q[u1], %q[u1], q5\n"                                                                                  \
    "vadd.i32 %q[u2], %q[u2], q6\n"                                                                                  \
    "vadd.i32 %q[u3], %q[u3], q7\n"                                                                                  \
    "eors %[bits], %[bits], %[k]\n"                                                                                  \
    "bne 1b\n"                                                                                                       \
    "2:\n"

/** Fires: the lanes' bits; leaves the residue. */
#define ESNN_FIRE(u, theta, lane)                                                                                    \
    "vpt.s32 ge, " u ", " theta "\n"                                                                                 \
    "vmovt.i32 " u ", #0\n"                                                                                          \
    "vmrs %[k], p0\n"                                                                                                \
    "vshr.s32 " u ", " u ", #1\n"                                                                                    \
    "and %[k], %[k], #" lane "\n"                                                                                    \
    "orr %[plane], %[plane], %[k]\n"

void esnn_vector_mix_mve(const int16_t *context, uint32_t stride, const uint32_t *rows, const int32_t *threshold,
                         uint32_t *planes)
{
    uint32_t steps[4];
    const uint8_t *last = (const uint8_t *)(context + ESNN_CONTEXT - ESNN_HEAD);
    register uint32_t bits __asm__("r4"); /* cbz wants a low register */
    uint32_t k, row;
    int32x4_t u0 = vdupq_n_s32(0), u1 = u0, u2 = u0, u3 = u0;
#pragma GCC unroll 4
    for (uint32_t t = 0; t < 4u; ++t) {
        uint32_t plane = 0;
        bits = *rows++;
        __asm__ volatile(ESNN_ROWS "vld40.32 {q4, q5, q6, q7}, [%[theta]]\n"
                                   "vld41.32 {q4, q5, q6, q7}, [%[theta]]\n"
                                   "vld42.32 {q4, q5, q6, q7}, [%[theta]]\n"
                                   "vld43.32 {q4, q5, q6, q7}, [%[theta]]\n" ESNN_FIRE("%q[u0]", "q4", "0x11111111")
                                       ESNN_FIRE("%q[u1]", "q5", "0x22222222") ESNN_FIRE("%q[u2]", "q6", "0x44444444")
                                           ESNN_FIRE("%q[u3]", "q7", "0x88888888")
                         : [u0] "+w"(u0), [u1] "+w"(u1), [u2] "+w"(u2), [u3] "+w"(u3), [bits] "+r"(bits),
                           [k] "=&r"(k), [row] "=&l"(row), [plane] "+r"(plane)
                         : [last] "r"(last), [top] "r"(0x80000000u), [theta] "r"(threshold)
                         : "q4", "q5", "q6", "q7", "cc", "memory");
        steps[t] = plane;
        ESNN_WALK(last, stride << 1);
    }
    planes[0] = steps[0] | steps[1] << 16;
    planes[1] = steps[2] | steps[3] << 16;
}

#endif
