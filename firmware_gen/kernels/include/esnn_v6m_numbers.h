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

#define ESNN_SAVE "ldr r6, %[trunk]\n" ESNN_STORE

#define ESNN_RESTORE                                                                                                 \
    "ldr r6, %[trunk]\n"                                                                                             \
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
    "ldr r6, %[out]\n"                                                                                               \
    "ldr r6, [r6, #" at "]\n" ESNN_STORE

/** Biases, which are numbers, plus the offset. */
#define ESNN_BEGIN                                                                                                   \
    "ldr r6, %[bias]\n"                                                                                              \
    "ldr r7, %[offset]\n"                                                                                            \
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

#define ESNN_CLOBBERS                                                                                                \
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

/** A branch of the only list; nothing is saved for an empty one. */
#define ESNN_BRANCH(at)                                                                                              \
    "ldr r6, [r7]\n"                                                                                                 \
    "adds r6, r6, r3\n"                                                                                              \
    "bcc 3f\n"                                                                                                       \
    "adds r7, #4\n" ESNN_PLACE(at) "b 4f\n"                                                                          \
                                   "3:\n" ESNN_SAVE "ldr r3, %[weights]\n" ESNN_PART                                 \
                                   ESNN_PLACE(at) ESNN_RESTORE "4:\n"                                                \
                                                               "ldr r3, %[weights]\n" ESNN_PART

static inline void esnn_one_list(const esnn_walk_t *walk, const uint32_t *weights, const int16_t *bias,
                                 uint32_t offset)
{
    uint32_t room[ESNN_BLOCK / 2u];
    uint32_t *trunk = room;
    uint32_t *const *out = walk->out;
    const int32_t *list = walk->list[0];
    __asm__ volatile(".syntax unified\n" ESNN_BEGIN "ldr r3, %[weights]\n"
                     "ldr r7, %[list]\n" ESNN_PART ESNN_BRANCH("0") ESNN_BRANCH("4") ESNN_BRANCH("8") ESNN_PLACE("12")
                     :
                     : [list] "m"(list), [weights] "m"(weights), [bias] "m"(bias), [offset] "m"(offset),
                       [trunk] "m"(trunk), [out] "m"(out)
                     : ESNN_CLOBBERS);
}

/** A part of each of three lists. */
#define ESNN_COLUMN(list, weights)                                                                                   \
    "ldr r7, " list "\n"                                                                                             \
    "ldr r3, " weights "\n" ESNN_PART "str r7, " list "\n"
#define ESNN_PARTS                                                                                                   \
    ESNN_COLUMN("%[left]", "%[left_weights]")                                                                        \
    ESNN_COLUMN("%[middle]", "%[middle_weights]") ESNN_COLUMN("%[right]", "%[right_weights]")

static inline void esnn_three_lists(const esnn_walk_t *walk, const uint32_t *weights, const int16_t *bias,
                                    uint32_t offset)
{
    uint32_t room[ESNN_BLOCK / 2u];
    uint32_t *trunk = room;
    uint32_t *const *out = walk->out;
    const int32_t *left = walk->list[0], *middle = walk->list[1], *right = walk->list[2];
    const uint32_t *middle_weights = weights + walk->column_words;
    const uint32_t *right_weights = middle_weights + walk->column_words;
    __asm__ volatile(
        ".syntax unified\n" ESNN_BEGIN ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("0")
            ESNN_RESTORE ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("4")
                ESNN_RESTORE ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("8") ESNN_RESTORE ESNN_PARTS ESNN_PLACE("12")
        : [left] "+m"(left), [middle] "+m"(middle), [right] "+m"(right)
        : [left_weights] "m"(weights), [middle_weights] "m"(middle_weights), [right_weights] "m"(right_weights),
          [bias] "m"(bias), [offset] "m"(offset), [trunk] "m"(trunk), [out] "m"(out)
        : ESNN_CLOBBERS);
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

/** Bits of even channels are in the lower half, of odd ones in the upper half one place lower. */
#define ESNN_WRITE(plane)                                                                                            \
    "mov r4, " plane "\n"                                                                                            \
    "lsrs r6, r4, #15\n"                                                                                             \
    "orrs r4, r4, r6\n"                                                                                              \
    "strh r4, [r2]\n"

#define ESNN_COUNT(at, even, odd)                                                                                    \
    "lsrs r4, r7, #" even "\n"                                                                                       \
    "ands r4, r4, r3\n"                                                                                              \
    "lsrs r6, r7, #" odd "\n"                                                                                        \
    "ands r6, r6, r3\n"                                                                                              \
    "adds r4, r4, r6\n"                                                                                              \
    "ldr r6, [r2, #" at "]\n"                                                                                        \
    "adds r4, r4, r6\n"                                                                                              \
    "str r4, [r2, #" at "]\n"

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
    register const uint32_t *sums __asm__("r0") = numbers;
    register const int16_t *thresholds __asm__("r1") = threshold;
    const uint32_t tops = ESNN_TOPS;
    __asm__ volatile(".syntax unified\n"
                     "ldr r5, %[tops]\n"
                     "lsrs r7, r5, #1\n"
                     "mov r12, r7\n"
                     "movs r7, #0\n"
                     "mov r8, r7\n"
                     "mov r9, r7\n"
                     "mov r10, r7\n"
                     "mov r11, r7\n" ESNN_WORD("15", "0", "32", "64", "96") ESNN_WORD("13", "4", "36", "68", "100")
                         ESNN_WORD("11", "8", "40", "72", "104") ESNN_WORD("9", "12", "44", "76", "108") ESNN_WORD(
                             "7", "16", "48", "80", "112") ESNN_WORD("5", "20", "52", "84", "116")
                             ESNN_WORD("3", "24", "56", "88", "120") ESNN_WORD(
                                 "1", "28", "60", "92",
                                 "124") "ldr r2, %[at]\n"
                                        "ldr r3, %[stride]\n" ESNN_WRITE("r8") "adds r2, r2, r3\n" ESNN_WRITE("r9") "adds r2, r2, r3\n" ESNN_WRITE(
                                            "r10") "adds r2, r2, r3\n" ESNN_WRITE("r11") "cmp r7, #0\n"
                                                                                         "beq 1f\n"
                                                                                         "ldr r2, %[counter]\n"
                                                                                         "movs r3, #15\n" ESNN_COUNT(
                                                                                             "0", "0", "16")
                                                                                             ESNN_COUNT("4", "4",
                                                                                                        "20")
                                                                                                 ESNN_COUNT("8", "8",
                                                                                                            "24")
                                                                                                     ESNN_COUNT(
                                                                                                         "12", "12",
                                                                                                         "28") "1:\n"
                     : "+r"(thresholds)
                     : "r"(sums), [tops] "m"(tops), [at] "m"(at), [stride] "m"(stride), [counter] "m"(counter)
                     : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
}

#endif

#endif
