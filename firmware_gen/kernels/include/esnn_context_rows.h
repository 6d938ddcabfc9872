/**
 * @file esnn_context_rows.h
 * @brief The rows of a context that esnn_context_add() and esnn_context_sub() change, in the forms of each core.
 */
#ifndef ESNN_CONTEXT_ROWS_H
#define ESNN_CONTEXT_ROWS_H

#include "esnn_context.h"

#if ESNN_THUMB2
/** Four words of a row; `change` is an instruction. */
#define ESNN_FOUR_WORDS(change)                                                                                      \
    __asm__ volatile("ldm %[from]!, {r4-r6, r8}\n"                                                                   \
                     "ldm %[row], {r9-r12}\n" change " r9, r9, r4\n" change " r10, r10, r5\n" change                 \
                     " r11, r11, r6\n" change " r12, r12, r8\n"                                                      \
                     "stm %[row]!, {r9-r12}"                                                                         \
                     : [row] "+r"(row), [from] "+r"(from)                                                            \
                     :                                                                                               \
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "memory")
#elif ESNN_THUMB1
/** Two words of a row. */
#define ESNN_TWO_WORDS(change)                                                                                       \
    __asm__ volatile(".syntax unified\n"                                                                             \
                     "ldmia r1!, {r4, r5}\n"                                                                         \
                     "ldr r2, [r0]\n"                                                                                \
                     "ldr r3, [r0, #4]\n" change " r2, r2, r4\n" change " r3, r3, r5\n"                              \
                     "stmia r0!, {r2, r3}\n"                                                                         \
                     : "+r"(to), "+r"(at)                                                                            \
                     :                                                                                               \
                     : "r2", "r3", "r4", "r5", "cc", "memory")
#endif

/** Adds `key` to each row whose bit is set, or takes it off. @param minus  known when this is compiled. */
__attribute__((always_inline)) static inline void esnn_change_rows(uint32_t *context, const uint8_t *row_words,
                                                                   uint32_t bits, const uint32_t *key, uint32_t words,
                                                                   uint32_t minus)
{
    do {
        uint32_t *row = context + row_words[esnn_take_bit(&bits)];
        const uint32_t *from = key;
        uint32_t left = words;
#if ESNN_THUMB2
        for (; left >= 4u; left -= 4u) {
            ESNN_HIDE(left);
            if (minus) {
                ESNN_FOUR_WORDS("sub");
            } else {
                ESNN_FOUR_WORDS("add");
            }
        }
#endif
#if ESNN_THUMB1
        for (; left != 0; left -= 2u) {
            register uint32_t *to __asm__("r0") = row;
            register const uint32_t *at __asm__("r1") = from;
            if (minus) {
                ESNN_TWO_WORDS("subs");
            } else {
                ESNN_TWO_WORDS("adds");
            }
            row = to;
            from = at;
        }
#else
        for (; left != 0; left -= 2u) {
            row[0] += minus ? 0u - from[0] : from[0];
            row[1] += minus ? 0u - from[1] : from[1];
            row += 2;
            from += 2;
        }
#endif
    } while (bits != 0);
}

#endif
