#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(60);

/* r6 to r12 and lr hold 16 sums, r5 the place in a list, r4 the weights. A row costs 13 instructions: its entry, its
   address, three loads and 8 additions of pairs modulo 2^32. */
#define ESNN_ROW(at)                                                                                                 \
    "ldrh r0, [r5, #" at "]\n"                                                                                       \
    "adds r0, r0, r4\n"                                                                                              \
    "ldm r0!, {r1-r3}\n"                                                                                             \
    "adds r6, r6, r1\n"                                                                                              \
    "adds r7, r7, r2\n"                                                                                              \
    "add r8, r3\n"                                                                                                   \
    "ldm r0!, {r1-r3}\n"                                                                                             \
    "add r9, r1\n"                                                                                                   \
    "add r10, r2\n"                                                                                                  \
    "add r11, r3\n"                                                                                                  \
    "ldm r0!, {r1, r2}\n"                                                                                            \
    "add r12, r1\n"                                                                                                  \
    "add lr, r2\n"

/** Adds the rows of the next list: those beyond a multiple of four, then four by four up to its end. */
#define ESNN_NEXT_LIST                                                                                               \
    "ldr r0, [sp, #4]\n"                                                                                             \
    "ldr r1, [sp, #8]\n"                                                                                             \
    "ldr r1, [r0, r1]\n"                                                                                             \
    "ldr r5, [r0]\n"                                                                                                 \
    "subs r0, #4\n"                                                                                                  \
    "str r0, [sp, #4]\n"                                                                                             \
    "str r1, [sp]\n"                                                                                                 \
    "subs r1, r1, r5\n"                                                                                              \
    "lsls r1, r1, #30\n"                                                                                             \
    "bcs 10f\n"                                                                                                      \
    "bmi 12f\n"                                                                                                      \
    "b 13f\n"                                                                                                        \
    "10:\n"                                                                                                          \
    "bpl 11f\n" ESNN_ROW("0") "adds r5, #2\n"                                                                        \
                              "11:\n" ESNN_ROW("0") "adds r5, #2\n"                                                  \
                                                    "12:\n" ESNN_ROW("0") "adds r5, #2\n"                            \
                                                                          "13:\n"                                    \
                                                                          "ldr r0, [sp]\n"                           \
                                                                          "cmp r0, r5\n"                             \
                                                                          "beq 15f\n"                                \
                                                                          "14:\n" ESNN_ROW("0") ESNN_ROW("2")        \
                                                                              ESNN_ROW("4")                          \
                                                                                  ESNN_ROW("6") "adds r5, #8\n"      \
                                                                                                "ldr r0, [sp]\n"     \
                                                                                                "cmp r0, r5\n"       \
                                                                                                "bne 14b\n"          \
                                                                                                "15:\n"

/** Stores the sums where vectors go, and moves on. */
#define ESNN_STORE                                                                                                   \
    "ldr r0, [sp, #12]\n"                                                                                            \
    "stm r0!, {r6, r7}\n"                                                                                            \
    "mov r1, r8\n"                                                                                                   \
    "mov r2, r9\n"                                                                                                   \
    "mov r3, r10\n"                                                                                                  \
    "stm r0!, {r1-r3}\n"                                                                                             \
    "mov r1, r11\n"                                                                                                  \
    "mov r2, r12\n"                                                                                                  \
    "mov r3, lr\n"                                                                                                   \
    "stm r0!, {r1-r3}\n"                                                                                             \
    "str r0, [sp, #12]\n"

/* On the stack: the end of the list, the next start, the span; where vectors go, lists left, segments, segments left.
 */
#define ESNN_GRADED_WALK                                                                                             \
    ".syntax unified\n"                                                                                              \
    "push {r4-r7}\n"                                                                                                 \
    "mov r4, r8\n"                                                                                                   \
    "mov r5, r9\n"                                                                                                   \
    "mov r6, r10\n"                                                                                                  \
    "mov r1, r11\n"                                                                                                  \
    "push {r1, r4-r6}\n"                                                                                             \
    "sub sp, #28\n"                                                                                                  \
    "ldr r1, [r0]\n"                                                                                                 \
    "str r1, [sp, #4]\n"                                                                                             \
    "ldr r1, [r0, #4]\n"                                                                                             \
    "str r1, [sp, #8]\n"                                                                                             \
    "ldr r4, [r0, #8]\n"                                                                                             \
    "ldr r1, [r0, #12]\n"                                                                                            \
    "str r1, [sp, #20]\n"                                                                                            \
    "ldr r1, [r0, #16]\n"                                                                                            \
    "str r1, [sp, #24]\n"                                                                                            \
    "ldr r1, [r0, #20]\n"                                                                                            \
    "str r1, [sp, #12]\n"                                                                                            \
    "1:\n" /* a segment */                                                                                           \
    "ldr r0, [sp, #20]\n"                                                                                            \
    "ldrb r1, [r0, #1]\n"                                                                                            \
    "str r1, [sp, #16]\n"                                                                                            \
    "ldrb r1, [r0]\n"                                                                                                \
    "adds r0, #6\n"                                                                                                  \
    "str r0, [sp, #20]\n"                                                                                            \
    "movs r6, #0\n"                                                                                                  \
    "movs r7, #0\n"                                                                                                  \
    "mov r8, r6\n"                                                                                                   \
    "mov r9, r6\n"                                                                                                   \
    "mov r10, r6\n"                                                                                                  \
    "mov r11, r6\n"                                                                                                  \
    "mov r12, r6\n"                                                                                                  \
    "mov lr, r6\n"                                                                                                   \
    "cmp r1, #0\n"                                                                                                   \
    "beq 2f\n"                                                                                                       \
    "b 4f\n"                                                                                                         \
    "2:\n" ESNN_NEXT_LIST ESNN_STORE /* digits */                                                                    \
    "ldr r1, [sp, #16]\n"                                                                                            \
    "subs r1, #1\n"                                                                                                  \
    "str r1, [sp, #16]\n"                                                                                            \
    "beq 3f\n"                                                                                                       \
    "b 2b\n"                                                                                                         \
    "3:\n"                                                                                                           \
    "b 6f\n"                                                                                                         \
    "4:\n" ESNN_NEXT_LIST /* planes */                                                                               \
    "ldr r1, [sp, #16]\n"                                                                                            \
    "subs r1, #1\n"                                                                                                  \
    "str r1, [sp, #16]\n"                                                                                            \
    "beq 5f\n"                                                                                                       \
    "adds r6, r6, r6\n"                                                                                              \
    "adds r7, r7, r7\n"                                                                                              \
    "add r8, r8\n"                                                                                                   \
    "add r9, r9\n"                                                                                                   \
    "add r10, r10\n"                                                                                                 \
    "add r11, r11\n"                                                                                                 \
    "add r12, r12\n"                                                                                                 \
    "add lr, lr\n"                                                                                                   \
    "b 4b\n"                                                                                                         \
    "5:\n" ESNN_STORE "6:\n"                                                                                         \
    "ldr r0, [sp, #24]\n"                                                                                            \
    "subs r0, #1\n"                                                                                                  \
    "str r0, [sp, #24]\n"                                                                                            \
    "beq 7f\n"                                                                                                       \
    "b 1b\n"                                                                                                         \
    "7:\n"                                                                                                           \
    "add sp, #28\n"                                                                                                  \
    "pop {r1, r4-r6}\n"                                                                                              \
    "mov r11, r1\n"                                                                                                  \
    "mov r8, r4\n"                                                                                                   \
    "mov r9, r5\n"                                                                                                   \
    "mov r10, r6\n"                                                                                                  \
    "pop {r4-r7}\n"

_Static_assert(sizeof(void *) != 4u ||
                   (offsetof(esnn_graded_walk_t, weights) == 8u && offsetof(esnn_graded_walk_t, segment) == 12u &&
                    offsetof(esnn_graded_walk_t, vectors) == 20u && sizeof(esnn_segment_t) == 6u),
               "offsets of ESNN_GRADED_WALK");

void esnn_graded_walk_v6m(const esnn_graded_walk_t *walk)
{
    register const esnn_graded_walk_t *r0 __asm__("r0") = walk;
    __asm__ volatile(ESNN_GRADED_WALK : "+r"(r0) : : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

#endif
