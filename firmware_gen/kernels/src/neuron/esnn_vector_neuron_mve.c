#include "esnn_asm.h"
#include "esnn_block.h"
#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

ESNN_ASM_STACK(4);

#include <arm_mve.h>

/*
 * 16 neurons at once, even ones in one register and odd ones in the other, so that the predicates of both (two bits a
 * lane) interleave to a plane of 16 bits. The residue reaches the next step's sum only in lanes that did not fire:
 * that is the reset.
 *
 * Registers: r0, r2, r4, r6 count spikes of the four steps; r1 sums, r8 bytes to the next step's; r3 spikes, r9 bytes
 * to the next row; r5, r10 bits of even and odd lanes, and r11, r12 of silent ones (ternary); r11, or r7, scratch;
 * q4, q5 thresholds, q6 what is counted.
 */

/** Two vectors of sums: even and odd entries. */
#define ESNN_LOAD(even, odd, from)                                                                                   \
    "vld20.16 {" even ", " odd "}, [" from "]\n"                                                                     \
    "vld21.16 {" even ", " odd "}, [" from "]\n"

/** The same; `from` moves on to the next step. */
#define ESNN_NEXT(even, odd) ESNN_LOAD(even, odd, "r1") "add r1, r1, r8\n"

/** U in `u`, the sum of the next step in `next`: adds the leak where it is silent, counts; leaves the bits that
 * fired. */
#define ESNN_STEP(u, next, theta, count, fired)                                                                      \
    "vshr.s16 q7, " u ", #1\n"                                                                                       \
    "vpte.s16 lt, " u ", " theta "\n"                                                                                \
    "vaddt.i16 " next ", " next ", q7\n"                                                                             \
    "vaddvae.u16 " count ", q6\n"                                                                                    \
    "vmrs " fired ", p0\n"

/** The last step: nothing is left behind. */
#define ESNN_LAST(u, theta)                                                                                          \
    "vpt.s16 ge, " u ", " theta "\n"                                                                                 \
    "vaddvat.u16 r6, q6\n"                                                                                           \
    "vmrs r11, p0\n"

/** Lanes of 16 bits have two bits each: those of even and of odd ones, of two steps, become two planes. */
#define ESNN_FOLD                                                                                                    \
    "and r5, r5, #0x55555555\n"                                                                                      \
    "and r10, r10, #0xaaaaaaaa\n"                                                                                    \
    "orr r11, r5, r10\n"                                                                                             \
    "strh r11, [r3]\n"                                                                                               \
    "lsr r11, r11, #16\n"                                                                                            \
    "strh r11, [r3, r9]\n"                                                                                           \
    "add r3, r3, r9, lsl #1\n"

/** One block of all positions. @param step  bytes from the sums of one step to those of the next. */
static void esnn_block_binary(const int16_t *sums, uint32_t step, const int16_t *threshold, uint32_t positions,
                              uint8_t *spikes, uint32_t stride, uint32_t *counter)
{
    register uint32_t count_a __asm__("r0") = 0;
    register const int16_t *from __asm__("r1") = sums;
    register uint32_t count_b __asm__("r2") = 0;
    register uint8_t *to __asm__("r3") = spikes;
    register uint32_t count_c __asm__("r4") = 0;
    register uint32_t loops __asm__("r5") = positions;
    register uint32_t count_d __asm__("r6") = 0;
    register uint32_t sums_step __asm__("r8") = step;
    register uint32_t spikes_step __asm__("r9") = stride;
    register const int16_t *thresholds __asm__("r10") = threshold;
    /* All positions in one piece: the four counters and the addresses take every register there is. */
    /* clang-format off */
    __asm__ volatile(
        "vmov.i16 q6, #1\n"
        ESNN_LOAD("q4", "q5", "r10")
        "dls lr, r5\n"
        "1:\n"
        ESNN_NEXT("q0", "q1")
        ESNN_NEXT("q2", "q3")
        ESNN_STEP("q0", "q2", "q4", "r0", "r5")
        ESNN_STEP("q1", "q3", "q5", "r0", "r10")
        ESNN_NEXT("q0", "q1")
        ESNN_STEP("q2", "q0", "q4", "r2", "r11")
        "orr r5, r5, r11, lsl #16\n"
        ESNN_STEP("q3", "q1", "q5", "r2", "r11")
        "orr r10, r10, r11, lsl #16\n"
        ESNN_FOLD
        ESNN_NEXT("q2", "q3")
        ESNN_STEP("q0", "q2", "q4", "r4", "r5")
        ESNN_STEP("q1", "q3", "q5", "r4", "r10")
        ESNN_LAST("q2", "q4")
        "orr r5, r5, r11, lsl #16\n"
        ESNN_LAST("q3", "q5")
        "orr r10, r10, r11, lsl #16\n"
        ESNN_FOLD
        "le lr, 1b\n"
        : "+r"(count_a), "+r"(from), "+r"(count_b), "+r"(to), "+r"(count_c), "+r"(loops), "+r"(count_d), "+r"(thresholds)
        : "r"(sums_step), "r"(spikes_step)
        : "r11", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
    /* clang-format on */
    counter[0] += count_a;
    counter[1] += count_b;
    counter[2] += count_c;
    counter[3] += count_d;
}

/**
 * One step of eight ternary neurons: U in `u`, the sum of the next step in `next`. Bits of lanes that fired +1, and
 * of silent ones, which hand on their residue; both are counted: a lane of q6 is 4096 as a number, 16 as two bytes.
 */
#define ESNN_STEP_TERNARY(u, next, theta, count, plus, silent)                                                       \
    "vpt.s16 ge, " u ", " theta "\n"                                                                                 \
    "vaddvat.u8 " count ", q6\n"                                                                                     \
    "vmrs " plus ", p0\n"                                                                                            \
    "vabs.s16 q7, " u "\n"                                                                                           \
    "vpttt.s16 lt, q7, " theta "\n"                                                                                  \
    "vshrt.s16 " u ", " u ", #1\n"                                                                                   \
    "vaddt.i16 " next ", " next ", " u "\n"                                                                          \
    "vaddvat.u16 " count ", q6\n"                                                                                    \
    "vmrs " silent ", p0\n"

/** Bits of the second one of two steps go to the upper half; `lower` is free until then. */
#define ESNN_UPPER(lower) "orr " lower ", " lower ", r7, lsl #16\n"

/** The last step of eight neurons: nothing is left behind. */
#define ESNN_LAST_TERNARY(u, theta, plus, silent)                                                                    \
    "vpt.s16 ge, " u ", " theta "\n"                                                                                 \
    "vaddvat.u8 r6, q6\n"                                                                                            \
    "vmrs r7, p0\n" ESNN_UPPER(plus) "vabs.s16 q7, " u "\n"                                                          \
                                     "vpt.s16 lt, q7, " theta "\n"                                                   \
                                     "vaddvat.u16 r6, q6\n"                                                          \
                                     "vmrs r7, p0\n" ESNN_UPPER(silent)

/** Interleaves even and odd lanes of two steps, and writes them. */
#define ESNN_FOLD_TERNARY                                                                                            \
    "and r5, r5, #0x55555555\n"                                                                                      \
    "and r10, r10, #0xaaaaaaaa\n"                                                                                    \
    "and r11, r11, #0x55555555\n"                                                                                    \
    "and r12, r12, #0xaaaaaaaa\n"                                                                                    \
    "orr r5, r5, r10\n"                                                                                              \
    "orr r11, r11, r12\n"                                                                                            \
    "orr r11, r11, r5\n"                                                                                             \
    "mvn r11, r11\n"                                                                                                 \
    "strh r5, [r3]\n"                                                                                                \
    "strh r11, [r3, r9]\n"                                                                                           \
    "add r3, r3, r9, lsl #1\n"                                                                                       \
    "lsr r5, r5, #16\n"                                                                                              \
    "lsr r11, r11, #16\n"                                                                                            \
    "strh r5, [r3]\n"                                                                                                \
    "strh r11, [r3, r9]\n"                                                                                           \
    "add r3, r3, r9, lsl #1\n"

/** Positions that are counted together: the number of lanes that fired +1 is below 256. */
#define ESNN_COUNTED 15u

/** One block of up to ESNN_COUNTED positions. @param row  bytes from a row of +1 to the row of -1, and on. */
static void esnn_block_ternary(const int16_t *sums, uint32_t step, const int16_t *threshold, uint32_t positions,
                               uint8_t *spikes, uint32_t row, uint32_t *counter)
{
    const uint32_t lanes = positions << 4;
    register uint32_t count_a __asm__("r0") = 0;
    register const int16_t *from __asm__("r1") = sums;
    register uint32_t count_b __asm__("r2") = 0;
    register uint8_t *to __asm__("r3") = spikes;
    register uint32_t count_c __asm__("r4") = 0;
    register uint32_t loops __asm__("r5") = positions;
    register uint32_t count_d __asm__("r6") = 0;
    register uint32_t sums_step __asm__("r8") = step;
    register uint32_t spikes_step __asm__("r9") = row;
    register const int16_t *thresholds __asm__("r10") = threshold;
    /* clang-format off */
    __asm__ volatile(
        "push {r7}\n"
        "vmov.i16 q6, #0x1000\n"
        ESNN_LOAD("q4", "q5", "r10")
        "dls lr, r5\n"
        "1:\n"
        ESNN_NEXT("q0", "q1")
        ESNN_NEXT("q2", "q3")
        ESNN_STEP_TERNARY("q0", "q2", "q4", "r0", "r5", "r11")
        ESNN_STEP_TERNARY("q1", "q3", "q5", "r0", "r10", "r12")
        ESNN_NEXT("q0", "q1")
        "vpt.s16 ge, q2, q4\n"
        "vaddvat.u8 r2, q6\n"
        "vmrs r7, p0\n"
        ESNN_UPPER("r5")
        "vabs.s16 q7, q2\n"
        "vpttt.s16 lt, q7, q4\n"
        "vshrt.s16 q2, q2, #1\n"
        "vaddt.i16 q0, q0, q2\n"
        "vaddvat.u16 r2, q6\n"
        "vmrs r7, p0\n"
        ESNN_UPPER("r11")
        "vpt.s16 ge, q3, q5\n"
        "vaddvat.u8 r2, q6\n"
        "vmrs r7, p0\n"
        ESNN_UPPER("r10")
        "vabs.s16 q7, q3\n"
        "vpttt.s16 lt, q7, q5\n"
        "vshrt.s16 q3, q3, #1\n"
        "vaddt.i16 q1, q1, q3\n"
        "vaddvat.u16 r2, q6\n"
        "vmrs r7, p0\n"
        ESNN_UPPER("r12")
        ESNN_FOLD_TERNARY
        ESNN_NEXT("q2", "q3")
        ESNN_STEP_TERNARY("q0", "q2", "q4", "r4", "r5", "r11")
        ESNN_STEP_TERNARY("q1", "q3", "q5", "r4", "r10", "r12")
        ESNN_LAST_TERNARY("q2", "q4", "r5", "r11")
        ESNN_LAST_TERNARY("q3", "q5", "r10", "r12")
        ESNN_FOLD_TERNARY
        "le lr, 1b\n"
        "pop {r7}\n"
        : "+r"(count_a), "+r"(from), "+r"(count_b), "+r"(to), "+r"(count_c), "+r"(loops), "+r"(count_d), "+r"(thresholds)
        : "r"(sums_step), "r"(spikes_step)
        : "r11", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
    /* clang-format on */
    const uint32_t count[4] = {count_a, count_b, count_c, count_d};
    for (uint32_t t = 0; t < 4u; ++t) {
        const uint32_t plus = count[t] >> 4 & 255u;
        counter[t] += plus;
        counter[t + 4u] += lanes - plus - (count[t] >> 12);
    }
}

/** One block of all positions. */
static inline void esnn_blocks_ternary(const int16_t *sums, uint32_t step, const int16_t *threshold,
                                       uint32_t positions, uint8_t *spikes, uint32_t row, uint32_t *counter)
{
    while (positions != 0) {
        const uint32_t some = positions < ESNN_COUNTED ? positions : ESNN_COUNTED;
        esnn_block_ternary(sums, step, threshold, some, spikes, row, counter);
        ESNN_WALK(sums, step << 5); /* of 16 positions, and one back: there were 15 */
        sums -= step << 1;
        ESNN_WALK(spikes, row << 7);
        spikes -= row << 3;
        positions -= some;
    }
}

void esnn_vector_neuron_mve(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks, uint32_t positions,
                            uint8_t *spikes, uint32_t *counter)
{
    const int16_t *threshold = neuron->narrow_threshold;
    for (uint32_t left = blocks; left != 0; --left) {
        if (neuron->ternary) {
            esnn_blocks_ternary(sums, blocks << 5, threshold, positions, spikes, neuron->minus, counter);
        } else {
            esnn_block_binary(sums, blocks << 5, threshold, positions, spikes, neuron->step_stride, counter);
        }
        threshold += ESNN_BLOCK;
        sums += ESNN_BLOCK;
        spikes += 2;
    }
}

#endif
