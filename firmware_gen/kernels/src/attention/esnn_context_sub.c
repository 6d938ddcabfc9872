#include "esnn_context.h"

void esnn_context_sub(uint32_t *context, const uint8_t *row_words, uint32_t bits, const uint32_t *key, uint32_t words)
{
    do {
        uint32_t *row = context + row_words[esnn_take_bit(&bits)];
        const uint32_t *from = key;
        uint32_t left = words;
#if ESNN_THUMB2
        for (; left >= 4u; left -= 4u) {
            ESNN_HIDE(left);
            __asm__ volatile("ldm %[from]!, {r4-r6, r8}\n"
                             "ldm %[row], {r9-r12}\n"
                             "sub r9, r9, r4\n"
                             "sub r10, r10, r5\n"
                             "sub r11, r11, r6\n"
                             "sub r12, r12, r8\n"
                             "stm %[row]!, {r9-r12}"
                             : [row] "+r"(row), [from] "+r"(from)
                             :
                             : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "memory");
        }
#endif
#if ESNN_THUMB1
        for (; left != 0; left -= 2u) {
            register uint32_t *to __asm__("r0") = row;
            register const uint32_t *at __asm__("r1") = from;
            __asm__ volatile(".syntax unified\n"
                             "ldmia r1!, {r4, r5}\n"
                             "ldr r2, [r0]\n"
                             "ldr r3, [r0, #4]\n"
                             "subs r2, r2, r4\n"
                             "subs r3, r3, r5\n"
                             "stmia r0!, {r2, r3}\n"
                             : "+r"(to), "+r"(at)
                             :
                             : "r2", "r3", "r4", "r5", "cc", "memory");
            row = to;
            from = at;
        }
#else
        for (; left != 0; left -= 2u) {
            row[0] -= from[0];
            row[1] -= from[1];
            row += 2;
            from += 2;
        }
#endif
    } while (bits != 0);
}
