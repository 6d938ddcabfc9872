#include "esnn_block.h"
#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

/*
 * 16 neurons at once, even ones in one register and odd ones in the other, so that the predicates of both (two bits a
 * lane) interleave to a plane of 16 bits. The residue reaches the next step's sum only in lanes that did not fire:
 * that is the reset.
 */

/** Two vectors of sums: even and odd entries. */
#define ESNN_LOAD(even, odd, from)                                                                                   \
    "vld20.16 {" even ", " odd "}, [" from "]\n"                                                                     \
    "vld21.16 {" even ", " odd "}, [" from "]\n"

/** The same; `from` moves on by 16 entries. */
#define ESNN_LOAD_NEXT(even, odd, from)                                                                              \
    "vld20.16 {" even ", " odd "}, [" from "]\n"                                                                     \
    "vld21.16 {" even ", " odd "}, [" from "]!\n"

/** U in `u`, the sum of the next step in `next`: counts, adds the leak, leaves the bits of lanes that did not fire.
 */
#define ESNN_STEP(u, next, theta, count, silent)                                                                     \
    "vshr.s16 q7, " u ", #1\n"                                                                                       \
    "vpte.s16 ge, " u ", " theta "\n"                                                                                \
    "vaddvat.u16 " count ", q6\n"                                                                                    \
    "vadde.i16 " next ", " next ", q7\n"                                                                             \
    "vmrs " silent ", p0\n"

/** Bits of lanes that are silent at two steps, one a half: those of `even`, and of `odd` lanes; their spikes. */
#define ESNN_FOLD(even, odd, plane)                                                                                  \
    "and " even ", " even ", #0x55555555\n"                                                                          \
    "and " odd ", " odd ", #0xaaaaaaaa\n"                                                                            \
    "orr " plane ", " even ", " odd "\n"                                                                             \
    "mvn " plane ", " plane "\n"

static void esnn_neurons_binary(const int16_t *sums, const int16_t *threshold, uint32_t blocks, uint8_t *spikes,
                                uint32_t stride, uint32_t *counter)
{
    uint32_t even, odd, bits, third, step = blocks;
    uint32_t count_a = 0, count_b = 0, count_c = 0, count_d = 0;
    /* All blocks in one piece: the four counters and the addresses take every register there is. */
    /* clang-format off */
    __asm__ volatile(
        "vmov.i16 q6, #1\n"
        "dls lr, %[step]\n"
        "lsl %[step], %[step], #5\n" /* bytes from one step to the next */
        "lsl %[third], %[step], #1\n"
        "sub %[third], %[third], #32\n" /* to the third step of the block behind which `sums` stands */
        "1:\n"
        "add %[bits], %[sums], %[step]\n"
        ESNN_LOAD_NEXT("q4", "q5", "%[theta]")
        ESNN_LOAD("q2", "q3", "%[bits]")
        ESNN_LOAD_NEXT("q0", "q1", "%[sums]")
        ESNN_STEP("q0", "q2", "q4", "%[na]", "%[even]")
        ESNN_STEP("q1", "q3", "q5", "%[na]", "%[odd]")
        "add %[bits], %[sums], %[third]\n"
        ESNN_LOAD("q0", "q1", "%[bits]")
        ESNN_STEP("q2", "q0", "q4", "%[nb]", "%[bits]")
        "orr %[even], %[even], %[bits], lsl #16\n"
        ESNN_STEP("q3", "q1", "q5", "%[nb]", "%[bits]")
        "orr %[odd], %[odd], %[bits], lsl #16\n"
        ESNN_FOLD("%[even]", "%[odd]", "%[bits]")
        "strh %[bits], [%[spikes]]\n"
        "lsr %[bits], %[bits], #16\n"
        "strh %[bits], [%[spikes], %[stride]]\n"
        "add %[spikes], %[spikes], %[stride], lsl #1\n"
        "add %[bits], %[sums], %[third]\n"
        "add %[bits], %[bits], %[step]\n"
        ESNN_LOAD("q2", "q3", "%[bits]")
        ESNN_STEP("q0", "q2", "q4", "%[nc]", "%[even]")
        ESNN_STEP("q1", "q3", "q5", "%[nc]", "%[odd]")
        "vpt.s16 lt, q2, q4\n" /* the last step: counts what is silent */
        "vaddvat.u16 %[nd], q6\n"
        "vmrs %[bits], p0\n"
        "orr %[even], %[even], %[bits], lsl #16\n"
        "vpt.s16 lt, q3, q5\n"
        "vaddvat.u16 %[nd], q6\n"
        "vmrs %[bits], p0\n"
        "orr %[odd], %[odd], %[bits], lsl #16\n"
        ESNN_FOLD("%[even]", "%[odd]", "%[bits]")
        "strh %[bits], [%[spikes]]\n"
        "lsr %[bits], %[bits], #16\n"
        "strh %[bits], [%[spikes], %[stride]]\n"
        "sub %[spikes], %[spikes], %[stride], lsl #1\n"
        "add %[spikes], %[spikes], #2\n"
        "le lr, 1b\n"
        : [na] "+Te"(count_a), [nb] "+Te"(count_b), [nc] "+Te"(count_c), [nd] "+Te"(count_d),
          [even] "=&r"(even), [odd] "=&r"(odd), [bits] "=&r"(bits), [third] "=&r"(third),
          [step] "+r"(step), [theta] "+r"(threshold), [sums] "+r"(sums), [spikes] "+r"(spikes)
        : [stride] "r"(stride)
        : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
    /* clang-format on */
    counter[0] += count_a;
    counter[1] += count_b;
    counter[2] += count_c;
    counter[3] += (blocks << 4) - count_d;
}

/**
 * One step of eight ternary neurons: U in `u`, the sum of the next step in `next`. Bits of lanes that fired +1, and
 * of lanes that did not fire at all; those hand on their residue.
 */
#define ESNN_STEP_TERNARY(u, next, theta, minus_theta, plus, silent)                                                 \
    "vcmp.s16 ge, " u ", " theta "\n"                                                                                \
    "vmrs " plus ", p0\n"                                                                                            \
    "vpttt.s16 lt, " u ", " theta "\n"                                                                               \
    "vcmpt.s16 gt, " u ", " minus_theta "\n"                                                                         \
    "vshrt.s16 " u ", " u ", #1\n"                                                                                   \
    "vaddt.i16 " next ", " next ", " u "\n"                                                                          \
    "vmrs " silent ", p0\n"

/** Even and odd lanes of a later step go to the upper halves. */
#define ESNN_LATER_TERNARY(u, next, theta, minus_theta, plus, silent)                                                \
    ESNN_STEP_TERNARY(u, next, theta, minus_theta, "%[x]", "%[y]")                                                   \
    "orr " plus ", " plus ", %[x], lsl #16\n"                                                                        \
    "orr " silent ", " silent ", %[y], lsl #16\n"

/** Interleaves even and odd lanes. */
#define ESNN_MERGE(even, odd)                                                                                        \
    "and " even ", " even ", #0x55555555\n"                                                                          \
    "and " odd ", " odd ", #0xaaaaaaaa\n"                                                                            \
    "orr " even ", " even ", " odd "\n"

/** A block of ternary neurons: planes of +1, then of -1, two steps a word. `step`: bytes. */
static inline void esnn_block_ternary(const int16_t *sums, const int16_t *threshold, uint32_t step, uint32_t *planes)
{
    uint32_t plus, minus, plus_odd, silent_odd, x, y;
    /* clang-format off */
    __asm__ volatile(
        ESNN_LOAD("q4", "q5", "%[theta]")
        "vneg.s16 q6, q4\n"
        "vneg.s16 q7, q5\n"
        ESNN_LOAD("q0", "q1", "%[sums]")
        "add %[sums], %[sums], %[step]\n"
        ESNN_LOAD("q2", "q3", "%[sums]")
        ESNN_STEP_TERNARY("q0", "q2", "q4", "q6", "%[plus]", "%[minus]")
        ESNN_STEP_TERNARY("q1", "q3", "q5", "q7", "%[plus_odd]", "%[silent_odd]")
        "add %[sums], %[sums], %[step]\n"
        ESNN_LOAD("q0", "q1", "%[sums]")
        ESNN_LATER_TERNARY("q2", "q0", "q4", "q6", "%[plus]", "%[minus]")
        ESNN_LATER_TERNARY("q3", "q1", "q5", "q7", "%[plus_odd]", "%[silent_odd]")
        ESNN_MERGE("%[plus]", "%[plus_odd]")
        ESNN_MERGE("%[minus]", "%[silent_odd]")
        "orr %[minus], %[minus], %[plus]\n"
        "mvn %[minus], %[minus]\n"
        "str %[plus], [%[planes]]\n"
        "str %[minus], [%[planes], #8]\n"
        "add %[sums], %[sums], %[step]\n"
        ESNN_LOAD("q2", "q3", "%[sums]")
        ESNN_STEP_TERNARY("q0", "q2", "q4", "q6", "%[plus]", "%[minus]")
        ESNN_STEP_TERNARY("q1", "q3", "q5", "q7", "%[plus_odd]", "%[silent_odd]")
        ESNN_LATER_TERNARY("q2", "q0", "q4", "q6", "%[plus]", "%[minus]")
        ESNN_LATER_TERNARY("q3", "q1", "q5", "q7", "%[plus_odd]", "%[silent_odd]")
        ESNN_MERGE("%[plus]", "%[plus_odd]")
        ESNN_MERGE("%[minus]", "%[silent_odd]")
        "orr %[minus], %[minus], %[plus]\n"
        "mvn %[minus], %[minus]\n"
        "str %[plus], [%[planes], #4]\n"
        "str %[minus], [%[planes], #12]\n"
        : [sums] "+r"(sums), [plus] "=&r"(plus), [minus] "=&r"(minus), [plus_odd] "=&r"(plus_odd),
          [silent_odd] "=&r"(silent_odd), [x] "=&r"(x), [y] "=&r"(y)
        : [theta] "r"(threshold), [step] "r"(step), [planes] "r"(planes)
        : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
    /* clang-format on */
}

static void esnn_neurons_ternary(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks, uint8_t *spikes,
                                 uint32_t *counter)
{
    const int16_t *threshold = neuron->narrow_threshold;
    const uint32_t stride = neuron->step_stride;
    uint32_t fired[4] = {0, 0, 0, 0}; /* two steps a word: +1, +1, -1, -1 */
    for (uint32_t left = blocks; left != 0; --left) {
        uint32_t planes[4];
        esnn_block_ternary(sums, threshold, blocks << 5, planes);
        esnn_block_write(planes, spikes, stride);
        esnn_block_write(planes + 2, spikes + neuron->minus, stride);
        fired[0] += esnn_count_halves(planes[0]);
        fired[1] += esnn_count_halves(planes[1]);
        fired[2] += esnn_count_halves(planes[2]);
        fired[3] += esnn_count_halves(planes[3]);
        threshold += ESNN_BLOCK;
        sums += ESNN_BLOCK;
        spikes += 2;
    }
    for (uint32_t i = 0; i < 4u; ++i) {
        *counter++ += fired[i] & 0xffffu;
        *counter++ += fired[i] >> 16;
    }
}

void esnn_vector_neuron_mve(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks, uint8_t *spikes,
                            uint32_t *counter)
{
    if (neuron->ternary) {
        esnn_neurons_ternary(neuron, sums, blocks, spikes, counter);
    } else {
        esnn_neurons_binary(sums, neuron->narrow_threshold, blocks, spikes, neuron->step_stride, counter);
    }
}

#endif
