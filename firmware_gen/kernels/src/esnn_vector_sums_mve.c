#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/* Sums stand in registers for all of a walk; q6 and q7 hold what is loaded. */
#define ESNN_ADD(sum, row, offset)                                                                                   \
    "vldrb.s16 " row ", [r6, #" offset "]\n"                                                                         \
    "vadd.i16 %q[" sum "], %q[" sum "], " row "\n"

#define ESNN_ADD_2 ESNN_ADD("a", "q6", "0") ESNN_ADD("b", "q7", "8")
#define ESNN_ADD_4 ESNN_ADD_2 ESNN_ADD("c", "q6", "16") ESNN_ADD("d", "q7", "24")
#define ESNN_ADD_6 ESNN_ADD_4 ESNN_ADD("e", "q6", "32") ESNN_ADD("f", "q7", "40")

/**
 * Adds one part of one run. A row costs its number, its address, a load and an addition for each 8 outputs, and the
 * end of the loop. `part`, `next`: byte offsets from the marks in front of the window to those of the part, and to
 * those behind the window.
 *
 * The loop counts elements of 64 bits, two a turn, so that it takes the two bytes of a row's number for one turn
 * each; all lanes stay active, because the number of bytes is even.
 */
#define ESNN_RUN(adds)                                                                                               \
    "ldr r4, [%[from], %[part]]\n"                                                                                   \
    "ldr r5, [%[from], %[next]]\n"                                                                                   \
    "subs r5, r5, r4\n"                                                                                              \
    "wlstp.64 lr, r5, 2f\n"                                                                                          \
    "1:\n"                                                                                                           \
    "ldrh r6, [r4], #2\n"                                                                                            \
    "add r6, %[rows], r6, lsl #4\n" adds "letp lr, 1b\n"                                                             \
    "2:\n"

#define ESNN_SUMS_2 [a] "+w"(sum->a), [b] "+w"(sum->b)
#define ESNN_SUMS_4 ESNN_SUMS_2, [c] "+w"(sum->c), [d] "+w"(sum->d)
#define ESNN_SUMS_6 ESNN_SUMS_4, [e] "+w"(sum->e), [f] "+w"(sum->f)
#define ESNN_INPUTS [from] "r"(from), [rows] "r"(rows), [part] "ri"(part), [next] "ri"(next)
#define ESNN_CLOBBERS "r4", "r5", "r6", "lr", "q6", "q7", "cc", "memory"

typedef struct {
    int16x8_t a, b, c, d, e, f;
} esnn_sums_t;

_Static_assert(sizeof(esnn_marks_t) == 32, "marks are stepped over by shifting");

#define ESNN_INLINE static inline __attribute__((always_inline))

ESNN_INLINE void esnn_add_run(esnn_sums_t *sum, uint32_t vectors, const esnn_run_t *run, uint32_t part, uint32_t next)
{
    const esnn_marks_t *from = run->from;
    const int8_t *rows = run->rows;
    if (vectors == 2u) {
        __asm__ volatile(ESNN_RUN(ESNN_ADD_2) : ESNN_SUMS_2 : ESNN_INPUTS : ESNN_CLOBBERS);
    } else if (vectors == 4u) {
        __asm__ volatile(ESNN_RUN(ESNN_ADD_4) : ESNN_SUMS_4 : ESNN_INPUTS : ESNN_CLOBBERS);
    } else {
        __asm__ volatile(ESNN_RUN(ESNN_ADD_6) : ESNN_SUMS_6 : ESNN_INPUTS : ESNN_CLOBBERS);
    }
}

/** One part of all lines; `fixed`: their number is known to the compiler, and is 1 or 3. */
ESNN_INLINE void esnn_walk(esnn_sums_t *sum, uint32_t vectors, int32_t lines, uint32_t fixed, const esnn_run_t *run,
                           uint32_t part, uint32_t next)
{
    if (fixed && lines == 1) {
        esnn_add_run(sum, vectors, run, part, next);
    } else if (fixed && lines == 3) {
        esnn_add_run(sum, vectors, run, part, next);
        esnn_add_run(sum, vectors, run + 1, part, next);
        esnn_add_run(sum, vectors, run + 2, part, next);
    } else {
        for (; lines != 0; --lines) {
            esnn_add_run(sum, vectors, run++, part, next);
        }
    }
}

/* Loads and stores are written out, because gcc 12 makes an address of its own for each. */
#define ESNN_LOAD_2 "vldrh.u16 %q[a], [%[at]]\n vldrh.u16 %q[b], [%[at], #16]\n"
#define ESNN_LOAD_4 ESNN_LOAD_2 "vldrh.u16 %q[c], [%[at], #32]\n vldrh.u16 %q[d], [%[at], #48]\n"
#define ESNN_LOAD_6 ESNN_LOAD_4 "vldrh.u16 %q[e], [%[at], #64]\n vldrh.u16 %q[f], [%[at], #80]\n"
#define ESNN_STORE_2 "vstrh.16 %q[a], [%[at]]\n vstrh.16 %q[b], [%[at], #16]\n"
#define ESNN_STORE_4 ESNN_STORE_2 "vstrh.16 %q[c], [%[at], #32]\n vstrh.16 %q[d], [%[at], #48]\n"
#define ESNN_STORE_6 ESNN_STORE_4 "vstrh.16 %q[e], [%[at], #64]\n vstrh.16 %q[f], [%[at], #80]\n"

ESNN_INLINE void esnn_load_sums(esnn_sums_t *sum, uint32_t vectors, const int16_t *at)
{
    if (vectors == 2u) {
        __asm__ volatile(ESNN_LOAD_2 : [a] "=w"(sum->a), [b] "=w"(sum->b) : [at] "r"(at) : "memory");
    } else if (vectors == 4u) {
        __asm__ volatile(ESNN_LOAD_4
                         : [a] "=w"(sum->a), [b] "=w"(sum->b), [c] "=w"(sum->c), [d] "=w"(sum->d)
                         : [at] "r"(at)
                         : "memory");
    } else {
        __asm__ volatile(ESNN_LOAD_6
                         : [a] "=w"(sum->a), [b] "=w"(sum->b), [c] "=w"(sum->c), [d] "=w"(sum->d), [e] "=w"(sum->e),
                           [f] "=w"(sum->f)
                         : [at] "r"(at)
                         : "memory");
    }
}

ESNN_INLINE void esnn_store_sums(esnn_sums_t *sum, uint32_t vectors, int16_t *at)
{
    if (vectors == 2u) {
        __asm__ volatile(ESNN_STORE_2 : ESNN_SUMS_2 : [at] "r"(at) : "memory");
    } else if (vectors == 4u) {
        __asm__ volatile(ESNN_STORE_4 : ESNN_SUMS_4 : [at] "r"(at) : "memory");
    } else {
        __asm__ volatile(ESNN_STORE_6 : ESNN_SUMS_6 : [at] "r"(at) : "memory");
    }
}

/** A trunk's part and its branch: the sums of one place. */
ESNN_INLINE void esnn_place(esnn_sums_t *sum, uint32_t vectors, int32_t lines, uint32_t fixed, const esnn_run_t *run,
                            uint32_t part, uint32_t next, int16_t *trunk, int16_t *branch)
{
    esnn_walk(sum, vectors, lines, fixed, run, part, next + part);
    esnn_store_sums(sum, vectors, trunk);
    esnn_walk(sum, vectors, lines, fixed, run, part + 4u, next + part + 4u);
    esnn_store_sums(sum, vectors, branch);
    esnn_load_sums(sum, vectors, trunk);
}

/** 8 * vectors outputs. */
ESNN_INLINE void esnn_group(const uint32_t *place, uint32_t vectors, int32_t lines, uint32_t fixed, uint32_t next,
                            const esnn_run_t *run, const int16_t *bias, int16_t *sums)
{
    int16_t *trunk = sums + place[3];
    esnn_sums_t sum;
    esnn_load_sums(&sum, vectors, bias);
    esnn_place(&sum, vectors, lines, fixed, run, 0, next, trunk, sums + place[0]);
    esnn_place(&sum, vectors, lines, fixed, run, 8, next, trunk, sums + place[1]);
    esnn_place(&sum, vectors, lines, fixed, run, 16, next, trunk, sums + place[2]);
    esnn_walk(&sum, vectors, lines, fixed, run, 24, next + 24u);
    esnn_store_sums(&sum, vectors, trunk);
}

ESNN_INLINE void esnn_move_runs(esnn_run_t *run, int32_t lines, uint32_t outputs)
{
    for (; lines != 0; --lines) {
        run->rows = (const int8_t *)((uintptr_t)run->rows + outputs);
        ++run;
    }
}

/** All outputs, 48 at a time while that leaves no single block behind (4 are twice 32). */
ESNN_INLINE void esnn_groups(const esnn_vector_t *layer, int32_t lines, uint32_t fixed, uint32_t next,
                             esnn_run_t *run, int16_t *sums)
{
    const int16_t *bias = layer->bias;
    for (uint32_t left = layer->blocks; left != 0;) {
        uint32_t outputs;
        if (left == 3u || left > 4u) {
            esnn_group(layer->sum, 6, lines, fixed, next, run, bias, sums);
            outputs = 48;
            left -= 3u;
        } else if (left != 1u) {
            esnn_group(layer->sum, 4, lines, fixed, next, run, bias, sums);
            outputs = 32;
            left -= 2u;
        } else {
            esnn_group(layer->sum, 2, lines, fixed, next, run, bias, sums);
            return;
        }
        bias += outputs;
        sums += outputs;
        esnn_move_runs(run, lines, outputs);
    }
}

static __attribute__((noinline)) void esnn_groups_3x3(const esnn_vector_t *layer, const esnn_run_t *run,
                                                      int16_t *sums)
{
    esnn_run_t runs[3] = {run[0], run[1], run[2]};
    esnn_groups(layer, 3, 1, 3u * sizeof(esnn_marks_t), runs, sums);
}

static __attribute__((noinline)) void esnn_groups_1x1(const esnn_vector_t *layer, const esnn_run_t *run,
                                                      int16_t *sums)
{
    esnn_run_t runs[1] = {run[0]};
    esnn_groups(layer, 1, 1, sizeof(esnn_marks_t), runs, sums);
}

static __attribute__((noinline)) void esnn_groups_any(const esnn_vector_t *layer, const esnn_run_t *run,
                                                      int16_t *sums)
{
    esnn_run_t runs[ESNN_VECTOR_LINES];
    const uint32_t next = (uint32_t)layer->kernel_width << 5;
    for (int32_t i = 0; i < layer->kernel_height; ++i) {
        runs[i] = *run++;
    }
    esnn_groups(layer, layer->kernel_height, 0, next, runs, sums);
}

void esnn_vector_sums_mve(const esnn_vector_t *layer, const esnn_run_t *run, int16_t *sums)
{
    if (layer->kernel_height == 1 && layer->kernel_width == 1) {
        esnn_groups_1x1(layer, run, sums);
    } else if (layer->kernel_height == 3 && layer->kernel_width == 3) {
        esnn_groups_3x3(layer, run, sums);
    } else {
        esnn_groups_any(layer, run, sums);
    }
}

#endif
