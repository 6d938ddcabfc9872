#include "esnn_chain.h"

#if ESNN_NIBBLE_ROWS && ESNN_CHAIN_DSP

/**
 * As in esnn_chain_sums_dsp(): eight registers hold 16 sums. A row costs 18 instructions: its number, its address,
 * one LDM, three a word to part low and high nibbles, and 8 UXTAB16.
 */
#define ESNN_WORD(w, low, a, b, c, d)                                                                                \
    "and " low ", " w ", #0x0f0f0f0f\n"                                                                              \
    "lsr " w ", " w ", #4\n"                                                                                         \
    "and " w ", " w ", #0x0f0f0f0f\n"                                                                                \
    "uxtab16 " a ", " a ", " low "\n"                                                                                \
    "uxtab16 " b ", " b ", " low ", ror #8\n"                                                                        \
    "uxtab16 " c ", " c ", " w "\n"                                                                                  \
    "uxtab16 " d ", " d ", " w ", ror #8\n"

#define ESNN_PART(label)                                                                                             \
    "b " label "f\n" label "0:\n"                                                                                    \
    "ldm r0, {r0, r1}\n" ESNN_WORD("r0", "r2", "r4", "r5", "r6", "r7")                                               \
        ESNN_WORD("r1", "r3", "r8", "r9", "r10", "r11") label ":\n"                                                  \
                                                              "ldrsh r0, [r12], #2\n"                                \
                                                              "adds r0, lr, r0, lsl #3\n"                            \
                                                              "bcc " label "0b\n"

/** Takes 8 a row off both lanes, modulo 2^16; the bytes from `start` to the end of the list are 2 a row. */
#define ESNN_STORE(slot)                                                                                             \
    "ldr r0, %[start]\n"                                                                                             \
    "sub r0, r12, r0\n"                                                                                              \
    "lsl r0, r0, #2\n"                                                                                               \
    "pkhbt r0, r0, r0, lsl #16\n"                                                                                    \
    "usub16 r4, r4, r0\n"                                                                                            \
    "usub16 r5, r5, r0\n"                                                                                            \
    "usub16 r6, r6, r0\n"                                                                                            \
    "usub16 r7, r7, r0\n"                                                                                            \
    "usub16 r8, r8, r0\n"                                                                                            \
    "usub16 r9, r9, r0\n"                                                                                            \
    "usub16 r10, r10, r0\n"                                                                                          \
    "usub16 r11, r11, r0\n"                                                                                          \
    "ldr r0, " slot "\n"                                                                                             \
    "stm r0, {r4-r11}\n"

#define ESNN_CLOBBERS "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory"

void esnn_chain_sums_nibbles_dsp(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                 const int16_t *list, int16_t *sums)
{
    const uint32_t *place = chain->sum;
    uint32_t left = chain->places - 1u;
    int16_t *trunk = sums + place[left];
    register const int16_t *next __asm__("r12") = list;
    register const uint32_t *base __asm__("lr") = weights;
    const void *from = bias;
    uint32_t rows = 0; /* bytes of the numbers of the trunk's rows */
    uint32_t start, middle;
    for (; left != 0; --left) {
        void *branch = sums + *place++;
        const uint32_t begin = (uint32_t)(uintptr_t)next;
        start = begin + 4u - rows; /* less two end marks */
        __asm__ volatile("ldr r0, %[from]\n"
                         "ldm r0, {r4-r11}\n" ESNN_PART("1") "str r12, %[middle]\n"
                                                             "ldr r0, %[trunk]\n"
                                                             "stm r0, {r4-r11}\n" ESNN_PART("2")
                                                                 ESNN_STORE("%[branch]")
                         : "+r"(next), [middle] "=m"(middle)
                         : "r"(base), [from] "m"(from), [trunk] "m"(trunk), [branch] "m"(branch), [start] "m"(start)
                         : ESNN_CLOBBERS);
        rows += middle - begin - 2u;
        from = trunk;
    }
    start = (uint32_t)(uintptr_t)next + 2u - rows;
    __asm__ volatile("ldr r0, %[from]\n"
                     "ldm r0, {r4-r11}\n" ESNN_PART("1") ESNN_STORE("%[trunk]")
                     : "+r"(next)
                     : "r"(base), [from] "m"(from), [trunk] "m"(trunk), [start] "m"(start)
                     : ESNN_CLOBBERS);
}

#endif
