#include "esnn_asm.h"
#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

ESNN_ASM_STACK(4);

#include <arm_mve.h>

/*
 * All windows of a line, for 16, 24, 32 or 48 outputs, whose sums stand in registers while lists are walked.
 * Registers: r0 esnn_walk_t; r1, r2 marks in front of the window and behind it; r3, r4, r5 where the lists of the
 * part begin, r7, r8, r12 where they end, and scratch between parts; r6 a row; r9, r10, r11 row 0 of each slot; q6,
 * q7 what is loaded.
 */

/** What a walk needs besides, in the order in which it is loaded. */
typedef struct {
    int16_t *sum[4]; /* by place */
    uint32_t sum_step;
    uint32_t mark_skip; /* bytes of marks from the position behind the window's first to the next window's first */
    uint32_t rows_step;
    const int16_t *bias;
    uint16_t *const *end; /* marks in front of the window that is not there any more */
} esnn_walk_t;

#define ESNN_ADD(sum, row, offset)                                                                                   \
    "vldrb.s16 " row ", [r6, #" offset "]\n"                                                                         \
    "vadd.i16 " sum ", " sum ", " row "\n"
#define ESNN_ADD_2(a, b) ESNN_ADD(a, "q6", "0") ESNN_ADD(b, "q7", "8")
#define ESNN_ADD_3(a, b, c) ESNN_ADD_2(a, b) ESNN_ADD(c, "q6", "16")
#define ESNN_ADD_4(a, b, c, d) ESNN_ADD_3(a, b, c) ESNN_ADD(d, "q7", "24")
#define ESNN_ADD_6(a, b, c, d, e, f) ESNN_ADD_4(a, b, c, d) ESNN_ADD(e, "q6", "32") ESNN_ADD(f, "q7", "40")

#define ESNN_AT(how, a, offset) how " " a ", [r3, #" offset "]\n"
#define ESNN_AT_2(how, a, b) ESNN_AT(how, a, "0") ESNN_AT(how, b, "16")
#define ESNN_AT_3(how, a, b, c) ESNN_AT_2(how, a, b) ESNN_AT(how, c, "32")
#define ESNN_AT_4(how, a, b, c, d) ESNN_AT_3(how, a, b, c) ESNN_AT(how, d, "48")
#define ESNN_AT_6(how, a, b, c, d, e, f) ESNN_AT_4(how, a, b, c, d) ESNN_AT(how, e, "64") ESNN_AT(how, f, "80")
#define ESNN_GET "vldrh.u16"
#define ESNN_PUT "vstrh.16"

/**
 * Adds one part of one line. The loop counts elements of 64 bits, two a turn, so that it takes the two bytes of a
 * row's number for one turn each; all lanes stay active, because the number of bytes is even.
 */
#define ESNN_LINE(from, to, rows, adds)                                                                              \
    "sub " to ", " to ", " from "\n"                                                                                 \
    "wlstp.64 lr, " to ", 3f\n"                                                                                      \
    "2:\n"                                                                                                           \
    "ldrh r6, [" from "], #2\n"                                                                                      \
    "add r6, " rows ", r6, lsl #4\n" adds "letp lr, 2b\n"                                                            \
    "3:\n"

/** One part of all lines, of which there are three or one; r1 and r2 go on to the next part. */
#define ESNN_LINES_3(adds)                                                                                           \
    "ldm r1!, {r3, r4, r5}\n"                                                                                        \
    "ldm r2!, {r7, r8, r12}\n" ESNN_LINE("r3", "r7", "r9", adds) ESNN_LINE("r4", "r8", "r10", adds)                  \
        ESNN_LINE("r5", "r12", "r11", adds)
#define ESNN_LINES_1(adds)                                                                                           \
    "ldr r3, [r1], #4\n"                                                                                             \
    "ldr r7, [r2], #4\n" ESNN_LINE("r3", "r7", "r9", adds)

/** Puts r3 to the sums of a place. */
#define ESNN_SUM(place) "ldr r3, [r0, #4 * " place "]\n"

/** A place of few outputs: the branch is summed beside the trunk. */
#define ESNN_SMALL(lines, place, trunk, branch, copy, put) lines(trunk) copy lines(branch) ESNN_SUM(place) put

/** A place of many outputs: the trunk lies at the last place's sums meanwhile. */
#define ESNN_LARGE(lines, place, adds, get, put)                                                                     \
    lines(adds) ESNN_SUM("3") put lines(adds) ESNN_SUM(place) put ESNN_SUM("3") get

/** All windows; `places`: three of them and the last trunk. */
#define ESNN_WINDOWS(get, places, put)                                                                               \
    "1:\n"                                                                                                           \
    "ldr r3, [r0, #28]\n" get places "ldm r0, {r3, r4, r5, r6, r7, r8, r12}\n"                                       \
    "add r3, r3, r7\n"                                                                                               \
    "add r4, r4, r7\n"                                                                                               \
    "add r5, r5, r7\n"                                                                                               \
    "add r7, r7, r6\n" /* the next window's */                                                                       \
    "add r1, r1, r8\n"                                                                                               \
    "add r2, r2, r8\n"                                                                                               \
    "sub r9, r9, r12\n"                                                                                              \
    "sub r10, r10, r12\n"                                                                                            \
    "sub r11, r11, r12\n"                                                                                            \
    "ldr r12, [r0, #32]\n"                                                                                           \
    "str r7, [r0, #12]\n"                                                                                            \
    "stm r0, {r3, r4, r5}\n"                                                                                         \
    "mov r3, r6\n" put "cmp r1, r12\n"                                                                               \
    "bne 1b\n"

#define ESNN_SMALL_WINDOWS(lines, trunk, branch, copy, get, put_trunk, put_branch)                                   \
    ESNN_WINDOWS(get,                                                                                                \
                 ESNN_SMALL(lines, "0", trunk, branch, copy, put_branch)                                             \
                     ESNN_SMALL(lines, "1", trunk, branch, copy, put_branch)                                         \
                         ESNN_SMALL(lines, "2", trunk, branch, copy, put_branch) lines(trunk),                       \
                 put_trunk)
#define ESNN_LARGE_WINDOWS(lines, adds, get, put)                                                                    \
    ESNN_WINDOWS(get,                                                                                                \
                 ESNN_LARGE(lines, "0", adds, get, put) ESNN_LARGE(lines, "1", adds, get, put)                       \
                     ESNN_LARGE(lines, "2", adds, get, put) lines(adds),                                             \
                 put)

#define ESNN_COPY(to, from) "vmov " to ", " from "\n"
#define ESNN_T2 "q0", "q1"
#define ESNN_B2 "q2", "q3"
#define ESNN_T3 "q0", "q1", "q2"
#define ESNN_B3 "q3", "q4", "q5"
#define ESNN_T4 "q0", "q1", "q2", "q3"
#define ESNN_T6 "q0", "q1", "q2", "q3", "q4", "q5"
#define ESNN_CALL(macro, ...) macro(__VA_ARGS__)

#define ESNN_WINDOWS_2(lines)                                                                                        \
    ESNN_SMALL_WINDOWS(lines, ESNN_CALL(ESNN_ADD_2, ESNN_T2), ESNN_CALL(ESNN_ADD_2, ESNN_B2),                        \
                       ESNN_COPY("q2", "q0") ESNN_COPY("q3", "q1"), ESNN_CALL(ESNN_AT_2, ESNN_GET, ESNN_T2),         \
                       ESNN_CALL(ESNN_AT_2, ESNN_PUT, ESNN_T2), ESNN_CALL(ESNN_AT_2, ESNN_PUT, ESNN_B2))
#define ESNN_WINDOWS_3(lines)                                                                                        \
    ESNN_SMALL_WINDOWS(lines, ESNN_CALL(ESNN_ADD_3, ESNN_T3), ESNN_CALL(ESNN_ADD_3, ESNN_B3),                        \
                       ESNN_COPY("q3", "q0") ESNN_COPY("q4", "q1") ESNN_COPY("q5", "q2"),                            \
                       ESNN_CALL(ESNN_AT_3, ESNN_GET, ESNN_T3), ESNN_CALL(ESNN_AT_3, ESNN_PUT, ESNN_T3),             \
                       ESNN_CALL(ESNN_AT_3, ESNN_PUT, ESNN_B3))
#define ESNN_WINDOWS_4(lines)                                                                                        \
    ESNN_LARGE_WINDOWS(lines, ESNN_CALL(ESNN_ADD_4, ESNN_T4), ESNN_CALL(ESNN_AT_4, ESNN_GET, ESNN_T4),               \
                       ESNN_CALL(ESNN_AT_4, ESNN_PUT, ESNN_T4))
#define ESNN_WINDOWS_6(lines)                                                                                        \
    ESNN_LARGE_WINDOWS(lines, ESNN_CALL(ESNN_ADD_6, ESNN_T6), ESNN_CALL(ESNN_AT_6, ESNN_GET, ESNN_T6),               \
                       ESNN_CALL(ESNN_AT_6, ESNN_PUT, ESNN_T6))

/** A function for some lines and vectors. `span`: pointers from the marks of a window to those behind it. */
#define ESNN_FUNCTION(name, windows)                                                                                 \
    static __attribute__((noinline)) void name(esnn_walk_t *walk, const esnn_run_t *run, uint32_t span,              \
                                               uint32_t column)                                                      \
    {                                                                                                                \
        register esnn_walk_t *r0 __asm__("r0") = walk;                                                               \
        register uint16_t *const *r1 __asm__("r1") = run->from;                                                      \
        register uint16_t *const *r2 __asm__("r2") = run->from + span;                                               \
        register uintptr_t r9 __asm__("r9") = (uintptr_t)run->rows[0] + column;                                      \
        register uintptr_t r10 __asm__("r10") = (uintptr_t)run->rows[1] + column;                                    \
        register uintptr_t r11 __asm__("r11") = (uintptr_t)run->rows[2] + column;                                    \
        __asm__ volatile("push {r7}\n" windows "pop {r7}\n"                                                          \
                         : "+r"(r1), "+r"(r2), "+r"(r9), "+r"(r10), "+r"(r11)                                        \
                         : "r"(r0)                                                                                   \
                         : "r3", "r4", "r5", "r6", "r8", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6",      \
                           "q7", "cc", "memory");                                                                    \
    }

ESNN_FUNCTION(esnn_walk_1_2, ESNN_WINDOWS_2(ESNN_LINES_1))
ESNN_FUNCTION(esnn_walk_1_3, ESNN_WINDOWS_3(ESNN_LINES_1))
ESNN_FUNCTION(esnn_walk_1_4, ESNN_WINDOWS_4(ESNN_LINES_1))
ESNN_FUNCTION(esnn_walk_1_6, ESNN_WINDOWS_6(ESNN_LINES_1))
ESNN_FUNCTION(esnn_walk_3_2, ESNN_WINDOWS_2(ESNN_LINES_3))
ESNN_FUNCTION(esnn_walk_3_3, ESNN_WINDOWS_3(ESNN_LINES_3))
ESNN_FUNCTION(esnn_walk_3_4, ESNN_WINDOWS_4(ESNN_LINES_3))
ESNN_FUNCTION(esnn_walk_3_6, ESNN_WINDOWS_6(ESNN_LINES_3))

static void esnn_walk(esnn_walk_t *walk, const esnn_run_t *run, uint32_t span, uint32_t column, uint32_t vectors,
                      int32_t lines)
{
    if (lines == 3) {
        if (vectors == 6u) {
            esnn_walk_3_6(walk, run, span, column);
        } else if (vectors == 4u) {
            esnn_walk_3_4(walk, run, span, column);
        } else if (vectors == 3u) {
            esnn_walk_3_3(walk, run, span, column);
        } else {
            esnn_walk_3_2(walk, run, span, column);
        }
    } else if (vectors == 6u) {
        esnn_walk_1_6(walk, run, span, column);
    } else if (vectors == 4u) {
        esnn_walk_1_4(walk, run, span, column);
    } else if (vectors == 3u) {
        esnn_walk_1_3(walk, run, span, column);
    } else {
        esnn_walk_1_2(walk, run, span, column);
    }
}

void esnn_vector_sums_mve(const esnn_vector_t *layer, const esnn_run_t *run, uint32_t count, int16_t *sums)
{
    if (layer->kernel_height != 1 && layer->kernel_height != 3) {
        esnn_vector_sums_portable(layer, run, count, sums);
        return;
    }
    uint16_t *const *end = run->from;
    for (; count != 0; --count) {
        ESNN_WALK(end, layer->mark_stride);
    }
    const int16_t *bias = layer->bias;
    uint32_t column = 0;
    for (uint32_t left = layer->vectors; (int32_t)left > 0;) {
        /* 48 outputs at a time while that leaves no single block behind; 64 are twice 32. */
        const uint32_t vectors = left < 4u ? left : left == 5u || left == 6u || left > 8u ? 6u : 4u;
        esnn_walk_t walk = {{sums + layer->sum[0], sums + layer->sum[1], sums + layer->sum[2], sums + layer->sum[3]},
                            layer->blocks << 7,
                            (layer->mark_stride - layer->mark_step) << 2,
                            (uint32_t)layer->step_rows,
                            bias,
                            end};
        esnn_walk(&walk, run, layer->mark_window, column, vectors, layer->kernel_height);
        ESNN_WALK(bias, vectors << 3);
        ESNN_WALK(sums, vectors << 3);
        ESNN_WALK(column, vectors << 3);
        left -= vectors;
    }
}

#endif
