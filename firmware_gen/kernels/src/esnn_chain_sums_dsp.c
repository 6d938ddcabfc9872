#include "esnn_chain.h"

#if ESNN_CHAIN_DSP

/**
 * Two parts of the list, or the last one. Eight registers hold 16 sums, four a row of weights; a row costs 12
 * instructions: its number, its address (an end mark, -1, carries out of the addition), one LDM and 8 SXTAB16.
 */
#define ESNN_PART(label)                                                                                             \
    "b " label "f\n" label "0:\n"                                                                                    \
    "ldm r0, {r0-r3}\n"                                                                                              \
    "sxtab16 r4, r4, r0\n"                                                                                           \
    "sxtab16 r5, r5, r0, ror #8\n"                                                                                   \
    "sxtab16 r6, r6, r1\n"                                                                                           \
    "sxtab16 r7, r7, r1, ror #8\n"                                                                                   \
    "sxtab16 r8, r8, r2\n"                                                                                           \
    "sxtab16 r9, r9, r2, ror #8\n"                                                                                   \
    "sxtab16 r10, r10, r3\n"                                                                                         \
    "sxtab16 r11, r11, r3, ror #8\n" label ":\n"                                                                     \
    "ldrsh r0, [r12], #2\n"                                                                                          \
    "adds r0, lr, r0, lsl #4\n"                                                                                      \
    "bcc " label "0b\n"

#define ESNN_CLOBBERS "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory"

void esnn_chain_sums_dsp(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias, const int16_t *list,
                         const uint32_t *totals, int16_t *sums)
{
    (void)totals; /* signed weights need no correction */
    const uint32_t *place = chain->sum;
    uint32_t left = chain->places - 1u;
    int16_t *trunk = sums + place[left];
    register const int16_t *next __asm__("r12") = list;
    register const uint32_t *base __asm__("lr") = weights;
    const void *from = bias;
    for (; left != 0; --left) {
        void *branch = sums + *place++;
        __asm__ volatile("ldr r0, %[from]\n"
                         "ldm r0, {r4-r11}\n" ESNN_PART("1") "ldr r0, %[trunk]\n"
                                                             "stm r0, {r4-r11}\n" ESNN_PART("2") "ldr r0, %[branch]\n"
                                                                                                 "stm r0, {r4-r11}\n"
                         : "+r"(next)
                         : "r"(base), [from] "m"(from), [trunk] "m"(trunk), [branch] "m"(branch)
                         : ESNN_CLOBBERS);
        from = trunk;
    }
    __asm__ volatile("ldr r0, %[from]\n"
                     "ldm r0, {r4-r11}\n" ESNN_PART("1") "ldr r0, %[trunk]\n"
                                                         "stm r0, {r4-r11}\n"
                     : "+r"(next)
                     : "r"(base), [from] "m"(from), [trunk] "m"(trunk)
                     : ESNN_CLOBBERS);
}

#endif
