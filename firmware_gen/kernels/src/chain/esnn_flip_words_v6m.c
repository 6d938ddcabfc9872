#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

void esnn_flip_words_v6m(uint32_t *to, const uint32_t *from, uint32_t words, uint32_t plus, uint32_t flip)
{
    register uint32_t *next __asm__("r0") = to;
    register const uint32_t *at __asm__("r1") = from;
    register uint32_t add __asm__("r12") = plus;
    register uint32_t bits __asm__("r6") = flip;
    register const uint32_t *end __asm__("lr") = from + words;
    __asm__ volatile(".syntax unified\n"
                     "b 2f\n"
                     "1:\n"
                     "ldmia r1!, {r2-r5}\n"
                     "add r2, r12\n"
                     "add r3, r12\n"
                     "add r4, r12\n"
                     "add r5, r12\n"
                     "eors r2, r2, r6\n"
                     "eors r3, r3, r6\n"
                     "eors r4, r4, r6\n"
                     "eors r5, r5, r6\n"
                     "stmia r0!, {r2-r5}\n"
                     "2:\n"
                     "cmp r1, lr\n"
                     "bne 1b\n"
                     : "+r"(next), "+r"(at)
                     : "r"(add), "r"(bits), "r"(end)
                     : "r2", "r3", "r4", "r5", "cc", "memory");
}

#endif
