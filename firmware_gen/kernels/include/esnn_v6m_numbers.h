/**
 * @file esnn_v6m_numbers.h
 * @brief Sums of one block for T = 4, and neurons of one, for loops over blocks to take in. See esnn_v6m.h.
 */
#ifndef ESNN_V6M_NUMBERS_H
#define ESNN_V6M_NUMBERS_H

#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

/**
 * Part of a list. r8-r11, r4, r5, r12, lr hold eight pairs of sums; r7 walks the list, r3 is where the weights begin.
 * A row costs 14 instructions: its number, its address (an end mark, -1, carries out of the addition), three LDM and
 * eight additions.
 */
#define ESNN_PART                                                                                                    \
    "ldmia r7!, {r6}\n"                                                                                              \
    "adds r6, r6, r3\n"                                                                                              \
    "bcs 2f\n"                                                                                                       \
    "1:\n"                                                                                                           \
    "ldmia r6!, {r0-r2}\n"                                                                                           \
    "add r8, r0\n"                                                                                                   \
    "add r9, r1\n"                                                                                                   \
    "add r10, r2\n"                                                                                                  \
    "ldmia r6!, {r0-r2}\n"                                                                                           \
    "add r11, r0\n"                                                                                                  \
    "adds r4, r4, r1\n"                                                                                              \
    "adds r5, r5, r2\n"                                                                                              \
    "ldmia r6!, {r0, r1}\n"                                                                                          \
    "add r12, r0\n"                                                                                                  \
    "add lr, r1\n"                                                                                                   \
    "ldmia r7!, {r6}\n"                                                                                              \
    "adds r6, r6, r3\n"                                                                                              \
    "bcc 1b\n"                                                                                                       \
    "2:\n"

/** All sums to where r6 points. */
#define ESNN_STORE                                                                                                   \
    "mov r0, r8\n"                                                                                                   \
    "mov r1, r9\n"                                                                                                   \
    "mov r2, r10\n"                                                                                                  \
    "mov r3, r11\n"                                                                                                  \
    "stmia r6!, {r0-r5}\n"                                                                                           \
    "mov r0, r12\n"                                                                                                  \
    "mov r1, lr\n"                                                                                                   \
    "stmia r6!, {r0, r1}\n"

/* On the stack: esnn_walk_t, which begins with where sums go, 8 words for the trunk, what else a form has, r7. */

#define ESNN_SAVE "add r6, sp, #4\n" ESNN_STORE

#define ESNN_RESTORE                                                                                                 \
    "add r6, sp, #4\n"                                                                                               \
    "ldmia r6!, {r0-r5}\n"                                                                                           \
    "mov r8, r0\n"                                                                                                   \
    "mov r9, r1\n"                                                                                                   \
    "mov r10, r2\n"                                                                                                  \
    "mov r11, r3\n"                                                                                                  \
    "ldmia r6!, {r0, r1}\n"                                                                                          \
    "mov r12, r0\n"                                                                                                  \
    "mov lr, r1\n"

/** All sums to where those of a place go; `at` is four times its number. */
#define ESNN_PLACE(at)                                                                                               \
    "ldr r6, [sp]\n"                                                                                                 \
    "ldr r6, [r6, #" at "]\n" ESNN_STORE

/** r2 biases, which are numbers, plus the offset, r3. */
#define ESNN_BEGIN                                                                                                   \
    "mov r6, r2\n"                                                                                                   \
    "mov r7, r3\n"                                                                                                   \
    "ldmia r6!, {r0-r5}\n"                                                                                           \
    "adds r0, r0, r7\n"                                                                                              \
    "adds r1, r1, r7\n"                                                                                              \
    "adds r2, r2, r7\n"                                                                                              \
    "adds r3, r3, r7\n"                                                                                              \
    "mov r8, r0\n"                                                                                                   \
    "mov r9, r1\n"                                                                                                   \
    "mov r10, r2\n"                                                                                                  \
    "mov r11, r3\n"                                                                                                  \
    "adds r4, r4, r7\n"                                                                                              \
    "adds r5, r5, r7\n"                                                                                              \
    "ldmia r6!, {r0, r1}\n"                                                                                          \
    "adds r0, r0, r7\n"                                                                                              \
    "adds r1, r1, r7\n"                                                                                              \
    "mov r12, r0\n"                                                                                                  \
    "mov lr, r1\n"

_Static_assert(sizeof(void *) != 4u || (offsetof(esnn_walk_t, out) == 0 && offsetof(esnn_walk_t, list) == 32u &&
                                        offsetof(esnn_walk_t, column_words) == 68u),
               "offsets of ESNN_ONE_LIST and ESNN_THREE_LISTS");

/** Runs a form: r0 the walk, r1 the weights of the block. */
#define ESNN_RUN(program)                                                                                            \
    register const esnn_walk_t *r0 __asm__("r0") = walk;                                                             \
    register const uint32_t *r1 __asm__("r1") = weights;                                                             \
    register const int16_t *r2 __asm__("r2") = bias;                                                                 \
    register uint32_t r3 __asm__("r3") = offset;                                                                     \
    __asm__ volatile(".syntax unified\n" program                                                                     \
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)                                                        \
                     :                                                                                               \
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")

/** A branch of the only list; nothing is saved for an empty one. */
#define ESNN_BRANCH(at)                                                                                              \
    "ldr r6, [r7]\n"                                                                                                 \
    "adds r6, r6, r3\n"                                                                                              \
    "bcc 3f\n"                                                                                                       \
    "adds r7, #4\n" ESNN_PLACE(at) "b 4f\n"                                                                          \
                                   "3:\n" ESNN_SAVE "ldr r3, [sp, #36]\n" ESNN_PART                                  \
                                   ESNN_PLACE(at) ESNN_RESTORE "4:\n"                                                \
                                                               "ldr r3, [sp, #36]\n" ESNN_PART

#define ESNN_ONE_LIST                                                                                                \
    "push {r1, r7}\n"                                                                                                \
    "sub sp, #32\n"                                                                                                  \
    "push {r0}\n" ESNN_BEGIN "ldr r7, [sp]\n"                                                                        \
    "ldr r7, [r7, #32]\n"                                                                                            \
    "ldr r3, [sp, #36]\n" ESNN_PART ESNN_BRANCH("0") ESNN_BRANCH("4") ESNN_BRANCH("8")                               \
        ESNN_PLACE("12") "add sp, #40\n"                                                                             \
                         "pop {r7}\n"

static inline void esnn_one_list(const esnn_walk_t *walk, const uint32_t *weights, const int16_t *bias,
                                 uint32_t offset)
{
    ESNN_RUN(ESNN_ONE_LIST);
}

/** A part of each of three lists: where they go on, and from which weights. */
#define ESNN_COLUMN(list, weights)                                                                                   \
    "ldr r7, [sp, #" list "]\n"                                                                                      \
    "ldr r3, [sp, #" weights "]\n" ESNN_PART "str r7, [sp, #" list "]\n"
#define ESNN_PARTS ESNN_COLUMN("36", "48") ESNN_COLUMN("40", "52") ESNN_COLUMN("44", "56")

#define ESNN_THREE_LISTS                                                                                             \
    "push {r7}\n"                                                                                                    \
    "ldr r6, [r0, #68]\n"                                                                                            \
    "lsls r6, r6, #2\n"                                                                                              \
    "adds r5, r1, r6\n"                                                                                              \
    "adds r6, r5, r6\n"                                                                                              \
    "push {r1, r5, r6}\n"                                                                                            \
    "ldr r4, [r0, #32]\n"                                                                                            \
    "ldr r5, [r0, #36]\n"                                                                                            \
    "ldr r6, [r0, #40]\n"                                                                                            \
    "push {r4-r6}\n"                                                                                                 \
    "sub sp, #32\n"                                                                                                  \
    "push {r0}\n" ESNN_BEGIN ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("0")                                         \
        ESNN_RESTORE ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("4")                                                 \
            ESNN_RESTORE ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("8")                                             \
                ESNN_RESTORE ESNN_PARTS ESNN_PLACE("12") "add sp, #60\n"                                             \
                                                         "pop {r7}\n"

static inline void esnn_three_lists(const esnn_walk_t *walk, const uint32_t *weights, const int16_t *bias,
                                    uint32_t offset)
{
    ESNN_RUN(ESNN_THREE_LISTS);
}

/*
 * Two neurons a word. Lanes hold U + 2^15, so they never are negative and none borrows from the other:
 * V = H + 2^14 + X + 2^14. V - theta has bit 15 of a lane set where the neuron fires. Half of V, with the bit that
 * came from the upper lane cleared, is H + 2^14 of the next step; where it fired, H is 0.
 * r0 sums, r1 thresholds, r2 theta, r3 V, r5 bit 15 of both lanes, r8-r11 planes, r12 2^14 in both lanes; r7 counts
 * spikes, four bits for each step and lane.
 */
#define ESNN_TEST(label)                                                                                             \
    "subs r4, r3, r2\n"                                                                                              \
    "ands r4, r4, r5\n"                                                                                              \
    "bne " label "f\n"

#define ESNN_LEAK                                                                                                    \
    "lsrs r3, r3, #1\n"                                                                                              \
    "bics r3, r3, r5\n"

/** The bits are disjoint, and addition is what takes a high register. */
#define ESNN_RECORD(plane, shift, count)                                                                             \
    "lsrs r6, r4, #" shift "\n"                                                                                      \
    "add " plane ", r6\n"                                                                                            \
    "lsrs r6, r4, #" count "\n"                                                                                      \
    "adds r7, r7, r6\n"

/** r4 are the lanes that fired: 2^14 there, half of V elsewhere. */
#define ESNN_RESET                                                                                                   \
    "lsrs r6, r4, #15\n"                                                                                             \
    "subs r6, r4, r6\n"                                                                                              \
    "lsrs r3, r3, #1\n"                                                                                              \
    "bics r3, r3, r5\n"                                                                                              \
    "bics r3, r3, r6\n"                                                                                              \
    "lsrs r4, r4, #1\n"                                                                                              \
    "orrs r3, r3, r4\n"

#define ESNN_NEXT(sum)                                                                                               \
    "ldr r6, [r0, #" sum "]\n"                                                                                       \
    "adds r3, r3, r6\n"

#define ESNN_WORD(shift, sum0, sum1, sum2, sum3)                                                                     \
    "ldmia r1!, {r2}\n"                                                                                              \
    "ldr r3, [r0, #" sum0 "]\n"                                                                                      \
    "add r3, r12\n" ESNN_TEST("5") ESNN_LEAK "1:\n" ESNN_NEXT(sum1) ESNN_TEST("6") ESNN_LEAK "2:\n" ESNN_NEXT(sum2)  \
        ESNN_TEST("7") ESNN_LEAK "3:\n" ESNN_NEXT(sum3) ESNN_TEST("8") "b 4f\n"                                      \
                                                                       "5:\n" ESNN_RECORD("r8", shift, "15")         \
                                                                           ESNN_RESET                                \
        "b 1b\n"                                                                                                     \
        "6:\n" ESNN_RECORD("r9", shift, "11") ESNN_RESET "b 2b\n"                                                    \
                                                         "7:\n" ESNN_RECORD("r10", shift, "7") ESNN_RESET            \
        "b 3b\n"                                                                                                     \
        "8:\n" ESNN_RECORD("r11", shift, "3") "4:\n"

/** r7 and planes are 0, r12 is half of r5. */
#define ESNN_FIRE_BEGIN                                                                                              \
    "lsrs r7, r5, #1\n"                                                                                              \
    "mov r12, r7\n"                                                                                                  \
    "movs r7, #0\n"                                                                                                  \
    "mov r8, r7\n"                                                                                                   \
    "mov r9, r7\n"                                                                                                   \
    "mov r10, r7\n"                                                                                                  \
    "mov r11, r7\n"

/** Bits of even channels are in the lower half, of odd ones in the upper half one place lower. */
#define ESNN_WRITE(plane)                                                                                            \
    "mov r5, " plane "\n"                                                                                            \
    "lsrs r6, r5, #15\n"                                                                                             \
    "orrs r5, r5, r6\n"                                                                                              \
    "strh r5, [r2]\n"

/** r2 where spikes go, r3 bytes to those of the next step. */
#define ESNN_WRITE_ALL                                                                                               \
    ESNN_WRITE("r8")                                                                                                 \
    "adds r2, r2, r3\n" ESNN_WRITE("r9") "adds r2, r2, r3\n" ESNN_WRITE("r10") "adds r2, r2, r3\n" ESNN_WRITE("r11")

#define ESNN_COUNT(at, even, odd)                                                                                    \
    even "\n"                                                                                                        \
         "ands r5, r5, r3\n"                                                                                         \
         "lsrs r6, r7, #" odd "\n"                                                                                   \
         "ands r6, r6, r3\n"                                                                                         \
         "adds r5, r5, r6\n"                                                                                         \
         "ldr r6, [r4, #" at "]\n"                                                                                   \
         "adds r5, r5, r6\n"                                                                                         \
         "str r5, [r4, #" at "]\n"

/** r4 counters. */
#define ESNN_COUNT_ALL                                                                                               \
    "movs r3, #15\n" ESNN_COUNT("0", "movs r5, r7", "16") ESNN_COUNT("4", "lsrs r5, r7, #4", "20")                   \
        ESNN_COUNT("8", "lsrs r5, r7, #8", "24") ESNN_COUNT("12", "lsrs r5, r7, #12", "28")

/**
 * Binary neurons of a block, from numbers plus ESNN_QUARTER: writes a half word of spikes a step, and counts them.
 *
 * @param numbers  uint32 [4][ESNN_BLOCK / 2].
 * @param stride   bytes from the spikes of one step to those of the next.
 * @param counter  of the four steps.
 */
static inline void esnn_fire_numbers(const uint32_t *numbers, const int16_t *threshold, uint8_t *at, uint32_t stride,
                                     uint32_t *counter)
{
    register const uint32_t *r0 __asm__("r0") = numbers;
    register const int16_t *r1 __asm__("r1") = threshold;
    register uint8_t *r2 __asm__("r2") = at;
    register uint32_t r3 __asm__("r3") = stride;
    register uint32_t *r4 __asm__("r4") = counter;
    register uint32_t r5 __asm__("r5") = ESNN_TOPS;
    __asm__ volatile(".syntax unified\n"
                     "push {r2-r4, r7}\n" ESNN_FIRE_BEGIN ESNN_EACH_PAIR(ESNN_WORD) "pop {r2-r4}\n" ESNN_WRITE_ALL
                                                                                    "cmp r7, #0\n"
                                                                                    "beq 1f\n" ESNN_COUNT_ALL "1:\n"
                                                                                    "pop {r7}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5)
                     :
                     : "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
}

#endif

#endif
