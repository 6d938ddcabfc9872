/**
 * @file esnn_chain_asm.h
 * @brief Sums of a block in Thumb-2: what the forms of esnn_chain_sums() and its like for DSP and Armv7-M share.
 *
 * r4 to r11 hold 16 sums, r12 the place in a run, lr what its rows count from. The file that includes this defines
 * - ESNN_ROW: adds the row at r0 to r4 - r11; may use r0 - r3;
 * - ESNN_ROW_BITS: its bytes, as a power of 2, in quotes;
 * - ESNN_STORE(out, one, two): stores r4 - r11 where ESNN_OUT(out) says; may use r0 - r3, and numbers of the place,
 *   `one` bytes behind %[lack] if there is one of 4 bytes for each, `two` if there are two;
 * - ESNN_BRANCH: ESNN_BRANCH_KEEPS if that leaves r4 - r11 as they are, else ESNN_BRANCH_CHANGES.
 */
#ifndef ESNN_CHAIN_ASM_H
#define ESNN_CHAIN_ASM_H

#include "esnn_chain.h"

/** r0 = the next row; the end mark, 0, is the only number that does not carry out of the addition. */
#define ESNN_NEXT_ROW                                                                                                \
    "ldrsh r0, [r12], #2\n"                                                                                          \
    "adds r0, lr, r0, lsl #" ESNN_ROW_BITS "\n"

/** The row at r0 and those behind it. */
#define ESNN_ROWS "0:\n" ESNN_ROW ESNN_NEXT_ROW "bcs 0b\n"

/** Adds the run at `part` bytes in esnn_runs_t. */
#define ESNN_PART(part)                                                                                              \
    "ldr r0, %[runs]\n"                                                                                              \
    "ldr r12, [r0, #" part "]\n" ESNN_NEXT_ROW "bcc 1f\n" ESNN_ROWS "1:\n"

/** r0 = where the sums of a place go: `out` bytes in esnn_runs_t. */
#define ESNN_OUT(out)                                                                                                \
    "ldr r0, %[runs]\n"                                                                                              \
    "ldr r0, [r0, #" out "]\n"

#define ESNN_KEEP                                                                                                    \
    "ldr r1, %[trunk]\n"                                                                                             \
    "stm r1, {r4-r11}\n"

#define ESNN_BACK                                                                                                    \
    "ldr r1, %[trunk]\n"                                                                                             \
    "ldm r1, {r4-r11}\n"

/** A branch; where it is empty its sum is the trunk. */
#define ESNN_BRANCH_KEEPS(part, out, one, two)                                                                       \
    "ldr r0, %[runs]\n"                                                                                              \
    "ldr r12, [r0, #" part "]\n" ESNN_NEXT_ROW "bcc 1f\n" ESNN_KEEP ESNN_ROWS                                        \
    ESNN_STORE(out, one, two) ESNN_BACK "b 2f\n"                                                                     \
                                        "1:\n" ESNN_STORE(out, one, two) "2:\n"

#define ESNN_BRANCH_CHANGES(part, out, one, two) ESNN_KEEP ESNN_PART(part) ESNN_STORE(out, one, two) ESNN_BACK

#define ESNN_BEGIN                                                                                                   \
    "ldr r0, %[from]\n"                                                                                              \
    "ldm r0, {r4-r11}\n"

/** T = 4. */
#define ESNN_FOUR_PLACES                                                                                             \
    ESNN_BEGIN ESNN_PART("36") ESNN_BRANCH("40", "4", "0", "0") ESNN_PART("44") ESNN_BRANCH("48", "8", "4", "8")     \
        ESNN_PART("52") ESNN_BRANCH("56", "12", "8", "16") ESNN_PART("60") ESNN_STORE("16", "12", "24")

/** Any place but the last, and that one. */
#define ESNN_ONE_PLACE ESNN_BEGIN ESNN_PART("36") ESNN_KEEP ESNN_PART("40") ESNN_STORE("4", "0", "0")
#define ESNN_LAST_PLACE ESNN_BEGIN ESNN_PART("36") ESNN_STORE("4", "0", "0")

_Static_assert(sizeof(void *) != 4u || (offsetof(esnn_runs_t, out) == 4u && offsetof(esnn_runs_t, part) == 36u),
               "offsets of ESNN_FOUR_PLACES");

#define ESNN_RUN(program, where)                                                                                     \
    do {                                                                                                             \
        register const uint32_t *base __asm__("lr") = weights;                                                       \
        __asm__ volatile(program                                                                                     \
                         :                                                                                           \
                         : "r"(base), [from] "m"(from), [runs] "m"(where), [trunk] "m"(trunk), [lack] "m"(lack)      \
                         : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cc",    \
                           "memory");                                                                                \
    } while (0)

/** The sums of T = 4. */
#define ESNN_SUMS_OF_FOUR(lacks)                                                                                     \
    do {                                                                                                             \
        const uint32_t *lack = lacks;                                                                                \
        const void *from = bias;                                                                                     \
        uint32_t room[ESNN_BLOCK / 2u];                                                                              \
        void *trunk = room;                                                                                          \
        ESNN_RUN(ESNN_FOUR_PLACES, runs);                                                                            \
    } while (0)

/** The body of such a function. @param lacks  uint32_t numbers for ESNN_STORE(), @param each  so many a place. */
#define ESNN_SUMS(lacks, each)                                                                                       \
    if (chain->places == 4u) {                                                                                       \
        ESNN_SUMS_OF_FOUR(lacks);                                                                                    \
        return;                                                                                                      \
    }                                                                                                                \
    const uint32_t *lack = lacks;                                                                                    \
    const void *from = bias;                                                                                         \
    uint32_t room[ESNN_BLOCK / 2u];                                                                                  \
    void *trunk = room;                                                                                              \
    esnn_runs_t place; /* its first two parts and output */                                                          \
    const esnn_runs_t *here = &place;                                                                                \
    const int16_t *const *part = runs->part;                                                                         \
    int16_t *const *out = runs->out;                                                                                 \
    for (uint32_t left = chain->places; left != 0; --left) {                                                         \
        place.out[0] = *out++;                                                                                       \
        place.part[0] = *part++;                                                                                     \
        if (left == 1u) {                                                                                            \
            ESNN_RUN(ESNN_LAST_PLACE, here);                                                                         \
        } else {                                                                                                     \
            place.part[1] = *part++;                                                                                 \
            ESNN_RUN(ESNN_ONE_PLACE, here);                                                                          \
        }                                                                                                            \
        from = room;                                                                                                 \
        lack += each;                                                                                                \
    }

#endif
