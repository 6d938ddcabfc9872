/**
 * @file esnn_chain_asm.h
 * @brief Sums of a block in Thumb-2: what the forms of esnn_chain_sums() and its like for DSP and Armv7-M share.
 *
 * r4 to r11 hold 16 sums, r12 the place in a run, lr what its rows count from. The file that includes this defines
 * - ESNN_ROW: adds the row at r0 to r4 - r11; may use r0 - r3;
 * - ESNN_ROW_BITS: its bytes, as a power of 2, in quotes;
 * - ESNN_STORE(out, one, two): stores r4 - r11 where ESNN_OUT(out) says; may use r0 - r3, and numbers of the place,
 *   `one` bytes behind what ESNN_LACK() loads if there is one of 4 bytes for each, `two` if there are two;
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

/** On the stack: 8 words for the trunk, esnn_runs_t, the numbers of ESNN_LACK(), r4 - r11. */
#define ESNN_BEGIN                                                                                                   \
    "push {r1, r2, r4-r11}\n"                                                                                        \
    "sub sp, sp, #32\n"                                                                                              \
    "mov lr, r3\n"                                                                                                   \
    "ldm r0, {r4-r11}\n"
#define ESNN_END                                                                                                     \
    "add sp, sp, #40\n"                                                                                              \
    "pop {r4-r11}\n"
#define ESNN_RUNS(to) "ldr " to ", [sp, #32]\n"
#define ESNN_LACK(to) "ldr " to ", [sp, #36]\n"
#define ESNN_KEEP "stm sp, {r4-r11}\n"
#define ESNN_BACK "ldm sp, {r4-r11}\n"

/** Adds the run at `part` bytes in esnn_runs_t. */
#define ESNN_PART(part) ESNN_RUNS("r0") "ldr r12, [r0, #" part "]\n" ESNN_NEXT_ROW "bcc 1f\n" ESNN_ROWS "1:\n"

/** r0 = where the sums of a place go: `out` bytes in esnn_runs_t. */
#define ESNN_OUT(out) ESNN_RUNS("r0") "ldr r0, [r0, #" out "]\n"

/** A branch; where it is empty its sum is the trunk. */
#define ESNN_BRANCH_KEEPS(part, out, one, two)                                                                       \
    ESNN_RUNS("r0")                                                                                                  \
    "ldr r12, [r0, #" part "]\n" ESNN_NEXT_ROW "bcc 1f\n" ESNN_KEEP ESNN_ROWS ESNN_STORE(out, one, two) ESNN_BACK    \
        "b 2f\n"                                                                                                     \
        "1:\n" ESNN_STORE(out, one, two) "2:\n"

#define ESNN_BRANCH_CHANGES(part, out, one, two) ESNN_KEEP ESNN_PART(part) ESNN_STORE(out, one, two) ESNN_BACK

/** T = 4. */
#define ESNN_FOUR_PLACES                                                                                             \
    ESNN_BEGIN ESNN_PART("36") ESNN_BRANCH("40", "4", "0", "0") ESNN_PART("44") ESNN_BRANCH("48", "8", "4", "8")     \
        ESNN_PART("52") ESNN_BRANCH("56", "12", "8", "16") ESNN_PART("60") ESNN_STORE("16", "12", "24") ESNN_END

/** Any place but the last, whose trunk goes where the second output would, and that one. */
#define ESNN_ONE_PLACE                                                                                               \
    ESNN_BEGIN ESNN_PART("36") ESNN_OUT("8") "stm r0, {r4-r11}\n" ESNN_PART("40") ESNN_STORE("4", "0", "0") ESNN_END
#define ESNN_LAST_PLACE ESNN_BEGIN ESNN_PART("36") ESNN_STORE("4", "0", "0") ESNN_END

_Static_assert(sizeof(void *) != 4u || (offsetof(esnn_runs_t, out) == 4u && offsetof(esnn_runs_t, part) == 36u),
               "offsets of ESNN_FOUR_PLACES");

/** @param from  sums to begin with; the rows count from `weights`. */
#define ESNN_RUN(program, from, runs, lack, weights)                                                                 \
    do {                                                                                                             \
        register const void *r0 __asm__("r0") = from;                                                                \
        register const esnn_runs_t *r1 __asm__("r1") = runs;                                                         \
        register const uint32_t *r2 __asm__("r2") = lack;                                                            \
        register const uint32_t *r3 __asm__("r3") = weights;                                                         \
        __asm__ volatile(program : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : "r12", "lr", "cc", "memory");          \
    } while (0)

/** The sums of T = 4. */
#define ESNN_SUMS_OF_FOUR(lacks) ESNN_RUN(ESNN_FOUR_PLACES, bias, runs, lacks, weights)

/** The body of such a function. @param lacks  uint32_t numbers for ESNN_STORE(), @param each  so many a place. */
#define ESNN_SUMS(lacks, each)                                                                                       \
    if (chain->places == 4u) {                                                                                       \
        ESNN_SUMS_OF_FOUR(lacks);                                                                                    \
        return;                                                                                                      \
    }                                                                                                                \
    const uint32_t *lack = lacks;                                                                                    \
    const void *from = bias;                                                                                         \
    int16_t trunk[ESNN_BLOCK] __attribute__((aligned(4)));                                                           \
    esnn_runs_t place; /* its first two parts and outputs */                                                         \
    const int16_t *const *part = runs->part;                                                                         \
    int16_t *const *out = runs->out;                                                                                 \
    place.out[1] = trunk;                                                                                            \
    for (uint32_t left = chain->places; left != 0; --left) {                                                         \
        place.out[0] = *out++;                                                                                       \
        place.part[0] = *part++;                                                                                     \
        if (left == 1u) {                                                                                            \
            ESNN_RUN(ESNN_LAST_PLACE, from, &place, lack, weights);                                                  \
        } else {                                                                                                     \
            place.part[1] = *part++;                                                                                 \
            ESNN_RUN(ESNN_ONE_PLACE, from, &place, lack, weights);                                                   \
        }                                                                                                            \
        from = trunk;                                                                                                \
        lack += each;                                                                                                \
    }

#endif
