#include "esnn_asm.h"
#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(4);

/* r0 spikes, lr the first row, r8-r11 bytes to the planes of places a to d, r12 bytes from one half of a word to the
 * next. */

/** A plane of one half. */
#define ESNN_ONE(bits, plane)                                                                                        \
    "mov r1, " plane "\n"                                                                                            \
    "ldrh " bits ", [r0, r1]\n"

/** A plane of two: the second is shifted. */
#define ESNN_TWO(bits, plane, shift)                                                                                 \
    ESNN_ONE(bits, plane)                                                                                            \
    "add r1, r12\n"                                                                                                  \
    "ldrh r1, [r0, r1]\n"                                                                                            \
    "lsls r1, r1, #" shift "\n"                                                                                      \
    "orrs " bits ", " bits ", r1\n"

/** A plane of three bytes. */
#define ESNN_THREE(bits, plane)                                                                                      \
    ESNN_ONE(bits, plane)                                                                                            \
    "add r1, r12\n"                                                                                                  \
    "ldrh r5, [r0, r1]\n"                                                                                            \
    "lsls r5, r5, #8\n"                                                                                              \
    "orrs " bits ", " bits ", r5\n"                                                                                  \
    "add r1, r12\n"                                                                                                  \
    "ldrh r5, [r0, r1]\n"                                                                                            \
    "lsls r5, r5, #16\n"                                                                                             \
    "orrs " bits ", " bits ", r5\n"

/** Splits r2 a, r4 b, r6 c, r3 d into the parts and stores them behind the first row, lr; nothing if all are 0. */
#define ESNN_SPLIT                                                                                                   \
    "movs r5, r3\n"                                                                                                  \
    "orrs r5, r5, r2\n"                                                                                              \
    "orrs r5, r5, r4\n"                                                                                              \
    "orrs r5, r5, r6\n"                                                                                              \
    "beq 1f\n"                                                                                                       \
    "movs r5, r3\n"                                                                                                  \
    "ands r5, r5, r6\n"                                                                                              \
    "bics r3, r3, r5\n"                                                                                              \
    "str r3, [r7, #28]\n"                                                                                            \
    "bics r6, r6, r5\n"                                                                                              \
    "movs r3, r5\n"                                                                                                  \
    "ands r3, r3, r4\n"                                                                                              \
    "bics r5, r5, r3\n"                                                                                              \
    "bics r4, r4, r3\n"                                                                                              \
    "movs r1, r3\n"                                                                                                  \
    "ands r1, r1, r2\n"                                                                                              \
    "bics r3, r3, r1\n"                                                                                              \
    "bics r2, r2, r1\n"                                                                                              \
    "mov r0, lr\n"                                                                                                   \
    "stmia r7!, {r0-r6}\n"                                                                                           \
    "adds r7, #4\n"                                                                                                  \
    "1:\n"

/** `at` spikes, `row` of them. lr holds it only here: a branch that reaches far changes lr on an M0. */
#define ESNN_RUN(load, at, row)                                                                                      \
    do {                                                                                                             \
        register const uint8_t *r0 __asm__("r0") = at;                                                               \
        register uint32_t r1 __asm__("r1") = row;                                                                    \
        __asm__ volatile(".syntax unified\n"                                                                         \
                         "push {r7}\n"                                                                               \
                         "mov lr, r1\n"                                                                              \
                         "mov r7, r6\n" load ESNN_SPLIT "mov r6, r7\n"                                               \
                         "pop {r7}\n"                                                                                \
                         : "+r"(r0), "+r"(r1), "+r"(next)                                                            \
                         : "r"(a), "r"(b), "r"(c), "r"(d), "r"(gap)                                                  \
                         : "r2", "r3", "r4", "r5", "lr", "cc", "memory");                                            \
    } while (0)

#define ESNN_EACH(macro) macro("r2", "r8") macro("r4", "r9") macro("r6", "r10") macro("r3", "r11")
#define ESNN_EACH_TWO(shift)                                                                                         \
    ESNN_TWO("r2", "r8", shift) ESNN_TWO("r4", "r9", shift) ESNN_TWO("r6", "r10", shift) ESNN_TWO("r3", "r11", shift)

uint32_t *esnn_chain_masks_v6m(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint32_t stride,
                               uint32_t first, uint32_t rows, uint32_t *masks)
{
    register uint32_t *next __asm__("r6") = masks; /* in r7 meanwhile */
    register uint32_t a __asm__("r8") = chain->plane[0];
    register uint32_t b __asm__("r9") = chain->plane[1];
    register uint32_t c __asm__("r10") = chain->plane[2];
    register uint32_t d __asm__("r11") = chain->plane[3];
    register uint32_t gap __asm__("r12") = stride;
    uint32_t row = first;
    if (chain->inputs == 8u) {
        uint32_t more = stride << 1, more_rows = rows << 1; /* from one three to the next */
        ESNN_HIDE(more);
        ESNN_HIDE(more_rows);
        ESNN_WALK(more, stride);
        ESNN_WALK(more_rows, rows);
        while (positions >= 3u) {
            ESNN_RUN(ESNN_EACH(ESNN_THREE), spikes, row);
            ESNN_WALK(spikes, more);
            ESNN_WALK(row, more_rows);
            ESNN_WALK_BACK(positions, 3u);
        }
        if (positions == 2u) {
            ESNN_RUN(ESNN_EACH_TWO("8"), spikes, row);
        } else if (positions != 0) {
            ESNN_RUN(ESNN_EACH(ESNN_ONE), spikes, row);
        }
        return next;
    }
    if (chain->row_bytes == 2u) {
        const uint32_t pairs = chain->inputs == 16u && rows == 16u;
        while (positions != 0) {
            if (pairs && positions >= 2u) {
                ESNN_RUN(ESNN_EACH_TWO("16"), spikes, row);
                ESNN_WALK(spikes, stride);
                ESNN_WALK(row, rows);
                --positions;
            } else {
                ESNN_RUN(ESNN_EACH(ESNN_ONE), spikes, row);
            }
            ESNN_WALK(spikes, stride);
            ESNN_WALK(row, rows);
            --positions;
        }
        return next;
    }
    gap = 2u;
    for (; positions != 0; --positions) {
        const uint8_t *half = spikes;
        uint32_t left = chain->row_bytes;
        row = first;
        for (; left >= 4u; left -= 4u) {
            ESNN_RUN(ESNN_EACH_TWO("16"), half, row);
            half += 4;
            row += 32u;
        }
        if (left != 0) {
            ESNN_RUN(ESNN_EACH(ESNN_ONE), half, row);
        }
        ESNN_WALK(spikes, stride);
        ESNN_WALK(first, rows);
    }
    return next;
}

#endif
