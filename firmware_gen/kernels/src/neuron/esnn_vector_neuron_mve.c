#include "esnn_block.h"
#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/*
 * 16 neurons at once, even ones in one register and odd ones in the other, so that the predicates of both (two bits a
 * lane) interleave to a plane of 16 bits. The residue reaches the next step's sum only in lanes that did not fire:
 * that is the reset.
 */

/** Two vectors of sums: even and odd entries. */
#define ESNN_LOAD(even, odd, from)                                                                                   \
    "vld20.16 {" even ", " odd "}, [" from "]\n"                                                                     \
    "vld21.16 {" even ", " odd "}, [" from "]\n"

/** The same; `from` moves on to the next step. */
#define ESNN_NEXT(even, odd) ESNN_LOAD(even, odd, "%[sums]") "add %[sums], %[sums], %[step]\n"

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
    "vaddvat.u16 %[nd], q6\n"                                                                                        \
    "vmrs %[bits], p0\n"

/** Lanes of 16 bits have two bits each: those of even and of odd ones, of two steps, become two planes. */
#define ESNN_FOLD                                                                                                    \
    "and %[even], %[even], #0x55555555\n"                                                                            \
    "and %[odd], %[odd], #0xaaaaaaaa\n"                                                                              \
    "orr %[bits], %[even], %[odd]\n"                                                                                 \
    "strh %[bits], [%[spikes]]\n"                                                                                    \
    "lsr %[bits], %[bits], #16\n"                                                                                    \
    "strh %[bits], [%[spikes], %[stride]]\n"                                                                         \
    "add %[spikes], %[spikes], %[stride], lsl #1\n"

/** One block of all positions. @param step  bytes from the sums of one step to those of the next. */
static void esnn_block_binary(const int16_t *sums, uint32_t step, const int16_t *threshold, uint32_t positions,
                              uint8_t *spikes, uint32_t stride, uint32_t *counter)
{
    uint32_t even = positions, odd, bits;
    uint32_t count_a = 0, count_b = 0, count_c = 0, count_d = 0;
    /* All positions in one piece: the four counters and the addresses take every register there is. */
    /* clang-format off */
    __asm__ volatile(
        "vmov.i16 q6, #1\n"
        ESNN_LOAD("q4", "q5", "%[theta]")
        "dls lr, %[even]\n"
        "1:\n"
        ESNN_NEXT("q0", "q1")
        ESNN_NEXT("q2", "q3")
        ESNN_STEP("q0", "q2", "q4", "%[na]", "%[even]")
        ESNN_STEP("q1", "q3", "q5", "%[na]", "%[odd]")
        ESNN_NEXT("q0", "q1")
        ESNN_STEP("q2", "q0", "q4", "%[nb]", "%[bits]")
        "orr %[even], %[even], %[bits], lsl #16\n"
        ESNN_STEP("q3", "q1", "q5", "%[nb]", "%[bits]")
        "orr %[odd], %[odd], %[bits], lsl #16\n"
        ESNN_FOLD
        ESNN_NEXT("q2", "q3")
        ESNN_STEP("q0", "q2", "q4", "%[nc]", "%[even]")
        ESNN_STEP("q1", "q3", "q5", "%[nc]", "%[odd]")
        ESNN_LAST("q2", "q4")
        "orr %[even], %[even], %[bits], lsl #16\n"
        ESNN_LAST("q3", "q5")
        "orr %[odd], %[odd], %[bits], lsl #16\n"
        ESNN_FOLD
        "le lr, 1b\n"
        : [na] "+Te"(count_a), [nb] "+Te"(count_b), [nc] "+Te"(count_c), [nd] "+Te"(count_d),
          [even] "+r"(even), [odd] "=&r"(odd), [bits] "=&r"(bits), [sums] "+r"(sums), [spikes] "+r"(spikes)
        : [step] "r"(step), [stride] "r"(stride), [theta] "r"(threshold)
        : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
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
#define ESNN_UPPER(lower) "orr " lower ", " lower ", %[x], lsl #16\n"

/** The last step of eight neurons: nothing is left behind. */
#define ESNN_LAST_TERNARY(u, theta, plus, silent)                                                                    \
    "vpt.s16 ge, " u ", " theta "\n"                                                                                 \
    "vaddvat.u8 %[nd], q6\n"                                                                                         \
    "vmrs %[x], p0\n" ESNN_UPPER(plus) "vabs.s16 q7, " u "\n"                                                        \
                                       "vpt.s16 lt, q7, " theta "\n"                                                 \
                                       "vaddvat.u16 %[nd], q6\n"                                                     \
                                       "vmrs %[x], p0\n" ESNN_UPPER(silent)

/** Interleaves even and odd lanes of two steps, and writes them. */
#define ESNN_FOLD_TERNARY                                                                                            \
    "and %[pe], %[pe], #0x55555555\n"                                                                                \
    "and %[po], %[po], #0xaaaaaaaa\n"                                                                                \
    "and %[se], %[se], #0x55555555\n"                                                                                \
    "and %[so], %[so], #0xaaaaaaaa\n"                                                                                \
    "orr %[pe], %[pe], %[po]\n"                                                                                      \
    "orr %[se], %[se], %[so]\n"                                                                                      \
    "orr %[se], %[se], %[pe]\n"                                                                                      \
    "mvn %[se], %[se]\n"                                                                                             \
    "strh %[pe], [%[spikes]]\n"                                                                                      \
    "strh %[se], [%[spikes], %[row]]\n"                                                                              \
    "add %[spikes], %[spikes], %[row], lsl #1\n"                                                                     \
    "lsr %[pe], %[pe], #16\n"                                                                                        \
    "lsr %[se], %[se], #16\n"                                                                                        \
    "strh %[pe], [%[spikes]]\n"                                                                                      \
    "strh %[se], [%[spikes], %[row]]\n"                                                                              \
    "add %[spikes], %[spikes], %[row], lsl #1\n"

/** Positions that are counted together: the number of lanes that fired +1 is below 256. */
#define ESNN_COUNTED 15u

/** One block of up to ESNN_COUNTED positions. @param row  bytes from a row of +1 to the row of -1, and on. */
static void esnn_block_ternary(const int16_t *sums, uint32_t step, const int16_t *threshold, uint32_t positions,
                               uint8_t *spikes, uint32_t row, uint32_t *counter)
{
    const int16x8x2_t theta = vld2q_s16(threshold);
    const uint32_t lanes = positions << 4;
    uint32_t plus_even = positions, plus_odd, silent_even, silent_odd, x;
    uint32_t count_a = 0, count_b = 0, count_c = 0, count_d = 0;
    /* clang-format off */
    __asm__ volatile(
        "vmov.i16 q6, #0x1000\n"
        "dls lr, %[pe]\n"
        "1:\n"
        ESNN_NEXT("q0", "q1")
        ESNN_NEXT("q2", "q3")
        ESNN_STEP_TERNARY("q0", "q2", "%q[even]", "%[na]", "%[pe]", "%[se]")
        ESNN_STEP_TERNARY("q1", "q3", "%q[odd]", "%[na]", "%[po]", "%[so]")
        ESNN_NEXT("q0", "q1")
        "vpt.s16 ge, q2, %q[even]\n"
        "vaddvat.u8 %[nb], q6\n"
        "vmrs %[x], p0\n"
        ESNN_UPPER("%[pe]")
        "vabs.s16 q7, q2\n"
        "vpttt.s16 lt, q7, %q[even]\n"
        "vshrt.s16 q2, q2, #1\n"
        "vaddt.i16 q0, q0, q2\n"
        "vaddvat.u16 %[nb], q6\n"
        "vmrs %[x], p0\n"
        ESNN_UPPER("%[se]")
        "vpt.s16 ge, q3, %q[odd]\n"
        "vaddvat.u8 %[nb], q6\n"
        "vmrs %[x], p0\n"
        ESNN_UPPER("%[po]")
        "vabs.s16 q7, q3\n"
        "vpttt.s16 lt, q7, %q[odd]\n"
        "vshrt.s16 q3, q3, #1\n"
        "vaddt.i16 q1, q1, q3\n"
        "vaddvat.u16 %[nb], q6\n"
        "vmrs %[x], p0\n"
        ESNN_UPPER("%[so]")
        ESNN_FOLD_TERNARY
        ESNN_NEXT("q2", "q3")
        ESNN_STEP_TERNARY("q0", "q2", "%q[even]", "%[nc]", "%[pe]", "%[se]")
        ESNN_STEP_TERNARY("q1", "q3", "%q[odd]", "%[nc]", "%[po]", "%[so]")
        ESNN_LAST_TERNARY("q2", "%q[even]", "%[pe]", "%[se]")
        ESNN_LAST_TERNARY("q3", "%q[odd]", "%[po]", "%[so]")
        ESNN_FOLD_TERNARY
        "le lr, 1b\n"
        : [na] "+Te"(count_a), [nb] "+Te"(count_b), [nc] "+Te"(count_c), [nd] "+Te"(count_d),
          [pe] "+r"(plus_even), [po] "=&r"(plus_odd), [se] "=&r"(silent_even), [so] "=&r"(silent_odd), [x] "=&r"(x),
          [sums] "+r"(sums), [spikes] "+r"(spikes)
        : [step] "r"(step), [row] "r"(row), [even] "w"(theta.val[0]), [odd] "w"(theta.val[1])
        : "lr", "q0", "q1", "q2", "q3", "q6", "q7", "cc", "memory");
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
        sums += (step << 5) - (step << 1); /* of 15 positions */
        spikes += (row << 7) - (row << 3);
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
