/**
 * @file esnn_graded_asm.h
 * @brief esnn_graded_walk() in Thumb-2: what its forms for DSP and Armv7-M share.
 *
 * r4 to r11 hold 16 sums, r12 the place in a list, lr the weights. The file that includes this defines
 * - ESNN_ROW: adds the row of the entry at r12, which it moves on; may use r0 - r3, and leaves the flags alone;
 * - ESNN_TWICE(r): the sums in r, doubled.
 */
#ifndef ESNN_GRADED_ASM_H
#define ESNN_GRADED_ASM_H

#include "esnn_graded_conv.h"

/* On the stack: the end of the list, the next start, the span; where vectors go, lists left, segments, segments left.
 */
#define ESNN_WALK_STACK 60

/** Adds the rows of the next list. How many they are is told by bits 0 and 1 of their number, then by the end. */
#define ESNN_NEXT_LIST                                                                                               \
    "ldrd r0, r1, [sp, #4]\n"                                                                                        \
    "ldr r1, [r0, r1]\n"                                                                                             \
    "ldr r12, [r0], #-4\n"                                                                                           \
    "strd r1, r0, [sp]\n"                                                                                            \
    "sub r1, r1, r12\n"                                                                                              \
    "lsls r1, r1, #30\n"                                                                                             \
    "bpl 1f\n" ESNN_ROW "1:\n"                                                                                       \
    "bcc 2f\n" ESNN_ROW ESNN_ROW "2:\n"                                                                              \
    "ldr r0, [sp]\n"                                                                                                 \
    "cmp r0, r12\n"                                                                                                  \
    "beq 4f\n"                                                                                                       \
    "3:\n" ESNN_ROW ESNN_ROW ESNN_ROW ESNN_ROW "ldr r0, [sp]\n"                                                      \
    "cmp r0, r12\n"                                                                                                  \
    "bne 3b\n"                                                                                                       \
    "4:\n"

#define ESNN_GRADED_WALK                                                                                             \
    "push {r4-r11}\n"                                                                                                \
    "sub sp, sp, #28\n"                                                                                              \
    "ldr r1, [r0]\n"                                                                                                 \
    "ldr r2, [r0, #4]\n"                                                                                             \
    "strd r1, r2, [sp, #4]\n"                                                                                        \
    "ldr lr, [r0, #8]\n"                                                                                             \
    "ldr r1, [r0, #12]\n"                                                                                            \
    "ldr r2, [r0, #16]\n"                                                                                            \
    "strd r1, r2, [sp, #20]\n"                                                                                       \
    "ldr r1, [r0, #20]\n"                                                                                            \
    "str r1, [sp, #12]\n"                                                                                            \
    "5:\n" /* a segment */                                                                                           \
    "ldr r0, [sp, #20]\n"                                                                                            \
    "ldrb r1, [r0, #1]\n"                                                                                            \
    "str r1, [sp, #16]\n"                                                                                            \
    "ldrb r1, [r0], #6\n"                                                                                            \
    "str r0, [sp, #20]\n"                                                                                            \
    "movs r4, #0\n"                                                                                                  \
    "mov r5, r4\n"                                                                                                   \
    "mov r6, r4\n"                                                                                                   \
    "mov r7, r4\n"                                                                                                   \
    "mov r8, r4\n"                                                                                                   \
    "mov r9, r4\n"                                                                                                   \
    "mov r10, r4\n"                                                                                                  \
    "mov r11, r4\n"                                                                                                  \
    "cmp r1, #0\n"                                                                                                   \
    "bne 7f\n"                                                                                                       \
    "6:\n" ESNN_NEXT_LIST /* digits */                                                                               \
    "ldrd r0, r1, [sp, #12]\n"                                                                                       \
    "stm r0!, {r4-r11}\n"                                                                                            \
    "subs r1, r1, #1\n"                                                                                              \
    "strd r0, r1, [sp, #12]\n"                                                                                       \
    "bne 6b\n"                                                                                                       \
    "b 9f\n"                                                                                                         \
    "7:\n" ESNN_NEXT_LIST /* planes */                                                                               \
    "ldrd r0, r1, [sp, #12]\n"                                                                                       \
    "subs r1, r1, #1\n"                                                                                              \
    "str r1, [sp, #16]\n"                                                                                            \
    "beq 8f\n" ESNN_TWICE("r4") ESNN_TWICE("r5") ESNN_TWICE("r6") ESNN_TWICE("r7") ESNN_TWICE("r8") ESNN_TWICE("r9") \
        ESNN_TWICE("r10") ESNN_TWICE("r11") "b 7b\n"                                                                 \
                                            "8:\n"                                                                   \
                                            "stm r0!, {r4-r11}\n"                                                    \
                                            "str r0, [sp, #12]\n"                                                    \
                                            "9:\n"                                                                   \
                                            "ldr r0, [sp, #24]\n"                                                    \
                                            "subs r0, r0, #1\n"                                                      \
                                            "str r0, [sp, #24]\n"                                                    \
                                            "bne 5b\n"                                                               \
                                            "add sp, sp, #28\n"                                                      \
                                            "pop {r4-r11}\n"

_Static_assert(sizeof(void *) != 4u ||
                   (offsetof(esnn_graded_walk_t, weights) == 8u && offsetof(esnn_graded_walk_t, segment) == 12u &&
                    offsetof(esnn_graded_walk_t, vectors) == 20u && sizeof(esnn_segment_t) == 6u),
               "offsets of ESNN_GRADED_WALK");

/** The body of such a function. */
#define ESNN_GRADED_BODY(walk)                                                                                       \
    do {                                                                                                             \
        register const esnn_graded_walk_t *r0 __asm__("r0") = walk;                                                  \
        __asm__ volatile(ESNN_GRADED_WALK : "+r"(r0) : : "r1", "r2", "r3", "r12", "lr", "cc", "memory");             \
    } while (0)

#endif
