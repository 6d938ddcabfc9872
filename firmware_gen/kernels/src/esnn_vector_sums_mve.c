#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/* q0 to q3 or q5 hold sums, q6 and q7 what is loaded. */
#define ESNN_ADD(sum, row, offset)                                                                                   \
    "vldrb.s16 " row ", [r6, #" offset "]\n"                                                                         \
    "vadd.i16 %q[" sum "], %q[" sum "], " row "\n"

/**
 * Adds one part of all runs: a row costs its number, its address, a load and an addition for each 8 outputs, and the
 * end of the loop. `part` is a byte offset into esnn_marks_t.
 */
#define ESNN_WALK(adds)                                                                                              \
    "mov r3, %[run]\n"                                                                                               \
    "1:\n"                                                                                                           \
    "ldm r3!, {r4, r5, r8}\n"                                                                                        \
    "ldr r4, [r4, %[part]]\n"                                                                                        \
    "ldr r5, [r5, %[part]]\n"                                                                                        \
    "subs r5, r5, r4\n"                                                                                              \
    "lsr r5, r5, #1\n"                                                                                               \
    "wls lr, r5, 3f\n"                                                                                               \
    "2:\n"                                                                                                           \
    "ldrh r6, [r4], #2\n"                                                                                            \
    "add r6, r8, r6, lsl #4\n" adds "le lr, 2b\n"                                                                    \
    "3:\n"                                                                                                           \
    "cmp r3, %[end]\n"                                                                                               \
    "bne 1b\n"

/** The same for a single run, whose members stand in registers. */
#define ESNN_WALK_ONE(adds)                                                                                          \
    "ldr r4, [%[from], #%c[part]]\n"                                                                                 \
    "ldr r5, [%[to], #%c[part]]\n"                                                                                   \
    "subs r5, r5, r4\n"                                                                                              \
    "lsr r5, r5, #1\n"                                                                                               \
    "wls lr, r5, 3f\n"                                                                                               \
    "2:\n"                                                                                                           \
    "ldrh r6, [r4], #2\n"                                                                                            \
    "add r6, %[rows], r6, lsl #4\n" adds "le lr, 2b\n"                                                               \
    "3:\n"

#define ESNN_ADD_2 ESNN_ADD("a", "q6", "0") ESNN_ADD("b", "q7", "8")
#define ESNN_ADD_4 ESNN_ADD_2 ESNN_ADD("c", "q6", "16") ESNN_ADD("d", "q7", "24")
#define ESNN_ADD_6 ESNN_ADD_4 ESNN_ADD("e", "q6", "32") ESNN_ADD("f", "q7", "40")

#define ESNN_INPUTS [run] "r"(run), [end] "r"(end), [part] "r"(part)
#define ESNN_CLOBBERS "r3", "r4", "r5", "r6", "r8", "lr", "q6", "q7", "cc", "memory"

#define ESNN_ONE [from] "r"(run->from), [to] "r"(run->to), [rows] "r"(run->rows), [part] "i"(part)
#define ESNN_ONE_CLOBBERS "r4", "r5", "r6", "lr", "q6", "q7", "cc", "memory"

typedef struct {
    int16x8_t a, b, c, d, e, f;
} esnn_sums_t;

#define ESNN_SUMS_2 [a] "+w"(sum->a), [b] "+w"(sum->b)
#define ESNN_SUMS_4 ESNN_SUMS_2, [c] "+w"(sum->c), [d] "+w"(sum->d)
#define ESNN_SUMS_6 ESNN_SUMS_4, [e] "+w"(sum->e), [f] "+w"(sum->f)

static inline void esnn_walk(esnn_sums_t *sum, uint32_t vectors, const esnn_run_t *run, const esnn_run_t *end,
                             uint32_t part)
{
    if (vectors == 2u) {
        __asm__ volatile(ESNN_WALK(ESNN_ADD_2) : ESNN_SUMS_2 : ESNN_INPUTS : ESNN_CLOBBERS);
    } else if (vectors == 4u) {
        __asm__ volatile(ESNN_WALK(ESNN_ADD_4) : ESNN_SUMS_4 : ESNN_INPUTS : ESNN_CLOBBERS);
    } else {
        __asm__ volatile(ESNN_WALK(ESNN_ADD_6) : ESNN_SUMS_6 : ESNN_INPUTS : ESNN_CLOBBERS);
    }
}

static inline void esnn_walk_one(esnn_sums_t *sum, uint32_t vectors, const esnn_run_t *run, uint32_t part)
{
    if (vectors == 2u) {
        __asm__ volatile(ESNN_WALK_ONE(ESNN_ADD_2) : ESNN_SUMS_2 : ESNN_ONE : ESNN_ONE_CLOBBERS);
    } else if (vectors == 4u) {
        __asm__ volatile(ESNN_WALK_ONE(ESNN_ADD_4) : ESNN_SUMS_4 : ESNN_ONE : ESNN_ONE_CLOBBERS);
    } else {
        __asm__ volatile(ESNN_WALK_ONE(ESNN_ADD_6) : ESNN_SUMS_6 : ESNN_ONE : ESNN_ONE_CLOBBERS);
    }
}

static inline void esnn_load_sums(esnn_sums_t *sum, uint32_t vectors, const int16_t *from)
{
    sum->a = vld1q_s16(from);
    sum->b = vld1q_s16(from + 8);
    if (vectors > 2u) {
        sum->c = vld1q_s16(from + 16);
        sum->d = vld1q_s16(from + 24);
    }
    if (vectors > 4u) {
        sum->e = vld1q_s16(from + 32);
        sum->f = vld1q_s16(from + 40);
    }
}

static inline void esnn_store_sums(const esnn_sums_t *sum, uint32_t vectors, int16_t *to)
{
    vst1q_s16(to, sum->a);
    vst1q_s16(to + 8, sum->b);
    if (vectors > 2u) {
        vst1q_s16(to + 16, sum->c);
        vst1q_s16(to + 24, sum->d);
    }
    if (vectors > 4u) {
        vst1q_s16(to + 32, sum->e);
        vst1q_s16(to + 40, sum->f);
    }
}

/** 8 * vectors outputs. */
static inline __attribute__((always_inline)) void esnn_group(const uint32_t *place, uint32_t vectors,
                                                             const esnn_run_t *run, const esnn_run_t *end,
                                                             const int16_t *bias, int16_t *sums)
{
    int16_t *trunk = sums + place[3];
    const esnn_run_t one = *run;
    const uint32_t alone = run + 1 == end;
    esnn_sums_t sum;
    esnn_load_sums(&sum, vectors, bias);
    if (alone) {
#pragma GCC unroll 3
        for (uint32_t part = 0; part != 24u; part += 8u) {
            esnn_walk_one(&sum, vectors, &one, part);
            esnn_store_sums(&sum, vectors, trunk);
            esnn_walk_one(&sum, vectors, &one, part + 4u);
            esnn_store_sums(&sum, vectors, sums + *place++);
            esnn_load_sums(&sum, vectors, trunk);
        }
        esnn_walk_one(&sum, vectors, &one, 24u);
    } else {
        for (uint32_t part = 0; part != 24u; part += 8u) {
            esnn_walk(&sum, vectors, run, end, part);
            esnn_store_sums(&sum, vectors, trunk);
            esnn_walk(&sum, vectors, run, end, part + 4u);
            esnn_store_sums(&sum, vectors, sums + *place++);
            esnn_load_sums(&sum, vectors, trunk);
        }
        esnn_walk(&sum, vectors, run, end, 24u);
    }
    esnn_store_sums(&sum, vectors, trunk);
}

static inline void esnn_move_runs(esnn_run_t *run, const esnn_run_t *end, int32_t outputs)
{
    for (; run != end; ++run) {
        run->rows = (const int8_t *)((uintptr_t)run->rows + (uintptr_t)(intptr_t)outputs);
    }
}

static __attribute__((noinline)) void esnn_group_16(const uint32_t *place, const esnn_run_t *run,
                                                    const esnn_run_t *end, const int16_t *bias, int16_t *sums)
{
    esnn_group(place, 2, run, end, bias, sums);
}

static __attribute__((noinline)) void esnn_group_32(const uint32_t *place, const esnn_run_t *run,
                                                    const esnn_run_t *end, const int16_t *bias, int16_t *sums)
{
    esnn_group(place, 4, run, end, bias, sums);
}

static __attribute__((noinline)) void esnn_group_48(const uint32_t *place, const esnn_run_t *run,
                                                    const esnn_run_t *end, const int16_t *bias, int16_t *sums)
{
    esnn_group(place, 6, run, end, bias, sums);
}

void esnn_vector_sums_mve(const esnn_vector_t *layer, esnn_run_t *run, const esnn_run_t *end, int16_t *sums)
{
    const int16_t *bias = layer->bias;
    uint32_t left = layer->blocks;
    if (run == end) {
        return;
    }
    while (left != 0) {
        uint32_t blocks;
        if (left == 1u) {
            esnn_group_16(layer->sum, run, end, bias, sums);
            return;
        }
        if ((left & 1u) != 0) {
            esnn_group_48(layer->sum, run, end, bias, sums);
            blocks = 3;
        } else {
            esnn_group_32(layer->sum, run, end, bias, sums);
            blocks = 2;
        }
        left -= blocks;
        bias += blocks << 4;
        sums += blocks << 4;
        esnn_move_runs(run, end, (int32_t)(blocks << 4));
    }
}

#endif
