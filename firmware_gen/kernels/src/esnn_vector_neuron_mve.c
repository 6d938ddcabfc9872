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

/** U in `u`, the sum of the next step in `next`: counts, adds the leak, leaves the bits of lanes that did not fire.
 */
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
        __asm__ volatile(
            "vmov.i16 q6, #1\n" ESNN_LOAD("q4", "q5", "%[theta]") ESNN_LOAD(
                "q0", "q1", "%[sums]") "add %[y], %[sums], %[step]\n" ESNN_LOAD("q2", "q3", "%[y]")
                ESNN_STEP("q0", "q2", "q4", "%[na]", "%[even]") ESNN_STEP(
                    "q1", "q3", "q5", "%[na]", "%[early]") "add %[y], %[y], %[step]\n" ESNN_LOAD("q0", "q1", "%[y]")
                    ESNN_STEP("q2", "q0", "q4", "%[nb]", "%[x]") "orr %[even], %[even], %[x], lsl #16\n" ESNN_STEP(
                        "q3", "q1", "q5", "%[nb]",
                        "%[x]") "orr %[early], %[early], %[x], lsl #16\n"
                                "and %[even], %[even], #0x55555555\n"
                                "and %[early], %[early], #0xaaaaaaaa\n"
                                "orr %[early], %[early], %[even]\n"
                                "mvn %[early], %[early]\n"
                                "add %[y], %[y], %[step]\n" ESNN_LOAD("q2", "q3", "%[y]")
                                    ESNN_STEP("q0", "q2", "q4", "%[nc]", "%[even]")
                                        ESNN_STEP(
                                            "q1", "q3", "q5", "%[nc]",
                                            "%[late]") "mvn %[even], %[even]\n"
                                                       "mvn %[late], %[late]\n" ESNN_LAST(
                                                           "q2", "q4", "%[nd]",
                                                           "%[x]") "pkhbt %[even], %[even], %[x], lsl "
                                                                   "#16\n" ESNN_LAST("q3", "q5", "%[nd]",
                                                                                     "%[x]") "pkhbt %[late], "
                                                                                             "%[late], %[x], lsl "
                                                                                             "#16\n"
                                                                                             "and %[even], %[even], "
                                                                                             "#0x55555555\n"
                                                                                             "and %[late], %[late], "
                                                                                             "#0xaaaaaaaa\n"
                                                                                             "orr %[late], %[late], "
                                                                                             "%[even]\n"
            : [na] "+Te"(count_a), [nb] "+Te"(count_b), [nc] "+Te"(count_c), [nd] "+Te"(count_d), [even] "=&r"(even),
              [x] "=&r"(x), [y] "=&r"(y), [early] "=&r"(planes[0]), [late] "=&r"(planes[1])
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

/**
 * One step of eight ternary neurons: U in `u`, the sum of the next step in `next`. Bits of lanes that fired +1, and
 * of lanes that did not fire at all; those hand on their residue.
 */
static inline void esnn_step_ternary(int16x8_t *u, int16x8_t *next, int16x8_t theta, int16x8_t minus_theta,
                                     uint32_t *plus, uint32_t *silent)
{
    __asm__ volatile("vcmp.s16 ge, %q[u], %q[theta]\n"
                     "vmrs %[plus], p0\n"
                     "vpttt.s16 lt, %q[u], %q[theta]\n"
                     "vcmpt.s16 gt, %q[u], %q[minus]\n"
                     "vshrt.s16 %q[u], %q[u], #1\n"
                     "vaddt.i16 %q[next], %q[next], %q[u]\n"
                     "vmrs %[silent], p0\n"
                     : [u] "+w"(*u), [next] "+w"(*next), [plus] "=&r"(*plus), [silent] "=r"(*silent)
                     : [theta] "w"(theta), [minus] "w"(minus_theta)
                     : "cc");
}

/** Even and odd entries. The address is hidden: gcc 12 would step it inside of the load, which does not assemble. */
static inline int16x8x2_t esnn_load(const int16_t *from)
{
    __asm__("" : "+r"(from));
    return vld2q_s16(from);
}

static inline uint32_t esnn_interleave(uint32_t even, uint32_t odd)
{
    return (even & 0x55555555u) | (odd & 0xaaaaaaaau);
}

static void esnn_neurons_ternary(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks, uint8_t *spikes,
                                 uint32_t *counter)
{
    const int16_t *threshold = neuron->narrow_threshold;
    const uint32_t step = blocks << 4;
    for (uint32_t left = blocks; left != 0; --left) {
        uint32_t plus[4], silent[4];
        const int16x8x2_t theta = esnn_load(threshold);
        const int16x8_t minus_even = vnegq_s16(theta.val[0]), minus_odd = vnegq_s16(theta.val[1]);
        const int16_t *from = sums;
        int16x8x2_t u = esnn_load(from);
#pragma GCC unroll 4
        for (uint32_t t = 0; t < 4u; ++t) {
            uint32_t plus_odd, silent_odd;
            int16x8x2_t next = u;
            if (t != 3u) {
                from += step;
                next = esnn_load(from);
            }
            esnn_step_ternary(&u.val[0], &next.val[0], theta.val[0], minus_even, &plus[t], &silent[t]);
            esnn_step_ternary(&u.val[1], &next.val[1], theta.val[1], minus_odd, &plus_odd, &silent_odd);
            plus[t] = esnn_interleave(plus[t], plus_odd);
            silent[t] = esnn_interleave(silent[t], silent_odd);
            u = next;
        }
        const uint32_t planes[2] = {plus[0] | plus[1] << 16, plus[2] | plus[3] << 16};
        const uint32_t minus[2] = {~(planes[0] | silent[0] | silent[1] << 16),
                                   ~(planes[1] | silent[2] | silent[3] << 16)};
        esnn_block_write(planes, spikes, neuron->step_stride);
        esnn_block_write(minus, spikes + neuron->minus, neuron->step_stride);
        esnn_block_count(planes, counter);
        esnn_block_count(minus, counter + 4);
        threshold += ESNN_BLOCK;
        sums += ESNN_BLOCK;
        spikes += 2;
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
