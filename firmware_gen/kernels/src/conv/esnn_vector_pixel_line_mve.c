#include "esnn_asm.h"
#include "esnn_vector_pixels.h"

#if ESNN_VECTOR_MVE

ESNN_ASM_STACK(4);

/*
 * All windows of a line in one piece. Registers: r0 esnn_sweep_t; r1 marks in front of the window; r2 spikes; r9,
 * r10, r11 row 0 of each slot; r3 .. r8, r12, lr scratch; q0, q1 upper and lower sums; q2 a row; q3 where upper sums
 * begin; q4 .. q7 thresholds.
 */

/** What it needs besides. */
typedef struct {
    uint32_t mark_step, rows_step; /* bytes from one window to the next */
    uint32_t black[2];
    const uint32_t *end; /* of the spikes */
} esnn_sweep_t;

/** One line: the loop counts elements of 32 bits, four a turn: the four bytes of an entry; all lanes stay active. */
#define ESNN_LINE(from, bytes, rows)                                                                                 \
    "wlstp.32 lr, " bytes ", 3f\n"                                                                                   \
    "2:\n"                                                                                                           \
    "ldr r12, [" from "], #4\n"                                                                                      \
    "add " bytes ", " rows ", r12, lsr #16\n"                                                                        \
    "uxtah r12, " rows ", r12\n"                                                                                     \
    "vldrh.u16 q2, [" bytes "]\n"                                                                                    \
    "vadd.i16 q0, q0, q2\n"                                                                                          \
    "vldrh.u16 q2, [r12]\n"                                                                                          \
    "vadd.i16 q1, q1, q2\n"                                                                                          \
    "letp lr, 2b\n"                                                                                                  \
    "3:\n"

/** Lanes at or above a threshold, two bits each. */
#define ESNN_BY(by, threshold)                                                                                       \
    "vcmp.s16 ge, q0, " threshold "\n"                                                                               \
    "vmrs " by ", p0\n"

/** One bit of two, in both halves. */
#define ESNN_HALVE(bits)                                                                                             \
    "and " bits ", " bits ", #0x55555555\n"                                                                          \
    "orr " bits ", " bits ", " bits ", lsr #1\n"                                                                     \
    "and " bits ", " bits ", #0x33333333\n"                                                                          \
    "orr " bits ", " bits ", " bits ", lsr #2\n"                                                                     \
    "and " bits ", " bits ", #0x0f0f0f0f\n"                                                                          \
    "orr " bits ", " bits ", " bits ", lsr #4\n"                                                                     \
    "and " bits ", " bits ", #0x00ff00ff\n"

static __attribute__((noinline)) void esnn_sweep(const esnn_sweep_t *sweep, const esnn_pixel_run_t *run,
                                                 uint32_t *spikes, const int16_t *start, const int16_t *threshold)
{
    register const esnn_sweep_t *r0 __asm__("r0") = sweep;
    register const uint32_t *const *r1 __asm__("r1") = run->from;
    register uint32_t *r2 __asm__("r2") = spikes;
    register uintptr_t r9 __asm__("r9") = (uintptr_t)run->rows[0];
    register uintptr_t r10 __asm__("r10") = (uintptr_t)run->rows[1];
    register uintptr_t r11 __asm__("r11") = (uintptr_t)run->rows[2];
    register const int16_t *r3 __asm__("r3") = start;
    register const int16_t *r4 __asm__("r4") = threshold;
    /* clang-format off */
    __asm__ volatile(
        "push {r7}\n"
        "vldrh.u16 q3, [r3]\n"
        "vldrh.u16 q4, [r4]\n"
        "vldrh.u16 q5, [r4, #16]\n"
        "vldrh.u16 q6, [r4, #32]\n"
        "vldrh.u16 q7, [r4, #48]\n"
        "1:\n"
        "ldm r1, {r3, r4, r5}\n"
        "ldrd r6, r7, [r1, #36]\n" /* three positions further */
        "ldr r8, [r1, #44]\n"
        "sub r6, r6, r3\n"
        "sub r7, r7, r4\n"
        "sub r8, r8, r5\n"
        "orr r12, r6, r7\n"
        "orrs r12, r12, r8\n"
        "bne 4f\n"
        "ldrd r3, r8, [r0, #8]\n"
        "b 5f\n"
        "4:\n"
        "vmov q0, q3\n"
        "vmov.i16 q1, #0\n"
        ESNN_LINE("r3", "r6", "r9")
        ESNN_LINE("r4", "r7", "r10")
        ESNN_LINE("r5", "r8", "r11")
        "vqshl.s16 q0, q0, #4\n"
        "vqadd.s16 q0, q0, q1\n"
        ESNN_BY("r3", "q4")
        ESNN_BY("r4", "q5")
        ESNN_BY("r5", "q6")
        ESNN_BY("r6", "q7")
        "bic r5, r5, r4\n" /* those that fire at every third step */
        "orr r8, r3, r5\n"
        "orr r3, r3, r4, lsl #16\n"
        "bic r6, r6, r5\n"
        "orr r8, r8, r6, lsl #16\n"
        ESNN_HALVE("r3")
        ESNN_HALVE("r8")
        "5:\n"
        "strd r3, r8, [r2], #8\n"
        "ldrd r4, r5, [r0]\n"
        "ldr r6, [r0, #16]\n"
        "add r1, r1, r4\n"
        "sub r9, r9, r5\n"
        "sub r10, r10, r5\n"
        "sub r11, r11, r5\n"
        "cmp r2, r6\n"
        "bne 1b\n"
        "pop {r7}\n"
        : "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r9), "+r"(r10), "+r"(r11)
        : "r"(r0)
        : "r5", "r6", "r8", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
    /* clang-format on */
}

void esnn_vector_pixel_line_mve(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run, uint32_t count,
                                uint32_t *spikes)
{
    const esnn_sweep_t sweep = {layer->mark_stride << 2,
                                (uint32_t)layer->step_rows,
                                {layer->black[0], layer->black[1]},
                                spikes + (count << 1)};
    esnn_sweep(&sweep, run, spikes, layer->start, layer->threshold);
}

#endif
