#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_VECTOR_MVE

ESNN_ASM_STACK(0);

/* q0 and q1 hold 16 sums, r12 the place in a list. A row costs 7 instructions: its entry, its address, two loads that
   widen, two additions, and the end of the loop. */
#define ESNN_NEXT_LIST                                                                                               \
    "ldr r10, [r0, r1]\n"                                                                                            \
    "ldr r12, [r0], #-4\n"                                                                                           \
    "sub r10, r10, r12\n"                                                                                            \
    "lsr r10, r10, #1\n"                                                                                             \
    "wls lr, r10, 2f\n"                                                                                              \
    "1:\n"                                                                                                           \
    "ldrh r3, [r12], #2\n"                                                                                           \
    "add r3, r2, r3, lsr #1\n"                                                                                       \
    "vldrb.s16 q2, [r3]\n"                                                                                           \
    "vldrb.s16 q3, [r3, #8]\n"                                                                                       \
    "vadd.i16 q0, q0, q2\n"                                                                                          \
    "vadd.i16 q1, q1, q3\n"                                                                                          \
    "le lr, 1b\n"                                                                                                    \
    "2:\n"
#define ESNN_STORE                                                                                                   \
    "vstrw.32 q0, [r5], #16\n"                                                                                       \
    "vstrw.32 q1, [r5], #16\n"

void esnn_graded_walk_mve(const esnn_graded_walk_t *walk)
{
    register const esnn_graded_walk_t *r0 __asm__("r0") = walk;
    __asm__ volatile("ldm r0, {r0-r5}\n" /* starts, span, weights, segments, their number, vectors */
                     "mov r8, r3\n"
                     "3:\n" /* a segment */
                     "ldrb r6, [r8, #1]\n"
                     "ldrb r10, [r8], #6\n"
                     "vmov.i32 q0, #0\n"
                     "vmov.i32 q1, #0\n"
                     "cmp r10, #0\n"
                     "bne 5f\n"
                     "4:\n" ESNN_NEXT_LIST ESNN_STORE /* digits */
                     "subs r6, r6, #1\n"
                     "bne 4b\n"
                     "b 7f\n"
                     "5:\n" ESNN_NEXT_LIST /* planes */
                     "subs r6, r6, #1\n"
                     "beq 6f\n"
                     "vadd.i16 q0, q0, q0\n"
                     "vadd.i16 q1, q1, q1\n"
                     "b 5b\n"
                     "6:\n" ESNN_STORE "7:\n"
                     "subs r4, r4, #1\n"
                     "bne 3b\n"
                     : "+r"(r0)
                     :
                     : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "cc",
                       "memory");
}

_Static_assert(offsetof(esnn_graded_walk_t, weights) == 8u && offsetof(esnn_graded_walk_t, segment) == 12u &&
                   offsetof(esnn_graded_walk_t, vectors) == 20u && sizeof(esnn_segment_t) == 6u,
               "what is loaded in one go");

#endif
