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

/** U in `u`, the sum of the next step in `next`: counts, adds the leak, leaves the bits of lanes that did not fire. */
#define ESNN_STEP(u, next, theta, count, silent)                                                                     \
    "vshr.s16 q7, " u ", #1\n"                                                                                       \
    "vpte.s16 ge, " u ", " theta "\n"                                                                                \
    "vaddvat.u16 " count ", q6\n"                                                                                    \
    "vadde.i16 " next ", " next ", q7\n"                                                                             \
    "vmrs " silent ", p0\n"

/** The last step: bits of lanes that fired. */
#define ESNN_LAST(u, theta, count, fired)                                                                            \
    "vpt.s16 ge, " u ", " theta "\n"                                                                                 \
    "vaddvat.u16 " count ", q6\n"                                                                                    \
    "vmrs " fired ", p0\n"

static void esnn_neurons_binary(const int16_t *sums, const int16_t *threshold, uint32_t blocks, uint8_t *spikes,
                                uint32_t stride, uint32_t *counter)
{
    const uint32_t step = blocks << 5; /* bytes */
    uint32_t count_a = 0, count_b = 0, count_c = 0, count_d = 0;
    for (uint32_t left = blocks; left != 0; --left) {
        uint32_t planes[2];
        uint32_t even, x, y;
        __asm__ volatile("vmov.i16 q6, #1\n" ESNN_LOAD("q4", "q5", "%[theta]") ESNN_LOAD("q0", "q1", "%[sums]")
                         "add %[y], %[sums], %[step]\n" ESNN_LOAD("q2", "q3", "%[y]")
                             ESNN_STEP("q0", "q2", "q4", "%[na]", "%[even]")
                                 ESNN_STEP("q1", "q3", "q5", "%[na]", "%[early]")
                         "add %[y], %[y], %[step]\n" ESNN_LOAD("q0", "q1", "%[y]")
                             ESNN_STEP("q2", "q0", "q4", "%[nb]", "%[x]")
                         "orr %[even], %[even], %[x], lsl #16\n" ESNN_STEP("q3", "q1", "q5", "%[nb]", "%[x]")
                         "orr %[early], %[early], %[x], lsl #16\n"
                         "and %[even], %[even], #0x55555555\n"
                         "and %[early], %[early], #0xaaaaaaaa\n"
                         "orr %[early], %[early], %[even]\n"
                         "mvn %[early], %[early]\n"
                         "add %[y], %[y], %[step]\n" ESNN_LOAD("q2", "q3", "%[y]")
                             ESNN_STEP("q0", "q2", "q4", "%[nc]", "%[even]")
                                 ESNN_STEP("q1", "q3", "q5", "%[nc]", "%[late]")
                         "mvn %[even], %[even]\n"
                         "mvn %[late], %[late]\n" ESNN_LAST("q2", "q4", "%[nd]", "%[x]")
                         "pkhbt %[even], %[even], %[x], lsl #16\n" ESNN_LAST("q3", "q5", "%[nd]", "%[x]")
                         "pkhbt %[late], %[late], %[x], lsl #16\n"
                         "and %[even], %[even], #0x55555555\n"
                         "and %[late], %[late], #0xaaaaaaaa\n"
                         "orr %[late], %[late], %[even]\n"
                         : [na] "+Te"(count_a), [nb] "+Te"(count_b), [nc] "+Te"(count_c), [nd] "+Te"(count_d),
                           [even] "=&r"(even), [x] "=&r"(x), [y] "=&r"(y), [early] "=&r"(planes[0]),
                           [late] "=&r"(planes[1])
                         : [theta] "r"(threshold), [sums] "r"(sums), [step] "r"(step)
                         : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
        esnn_block_write(planes, spikes, stride);
        threshold += ESNN_BLOCK;
        sums += ESNN_BLOCK;
        spikes += 2;
    }
    counter[0] += count_a;
    counter[1] += count_b;
    counter[2] += count_c;
    counter[3] += count_d;
}

void esnn_vector_neuron_mve(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks, uint8_t *spikes,
                            uint32_t *counter)
{
    if (neuron->ternary) {
        esnn_vector_neuron_portable(neuron, sums, blocks, spikes, counter);
    } else {
        esnn_neurons_binary(sums, neuron->narrow_threshold, blocks, spikes, neuron->step_stride, counter);
    }
}

#endif
