#include "esnn_asm.h"
#include "esnn_chain.h"

#if ESNN_NIBBLE_ROWS && ESNN_CHAIN_DSP

ESNN_ASM_STACK(72);

/* A row costs 18 instructions: its number, its address, one LDM, three a word to part low and high nibbles, and 8
   UXTAB16. */
#define ESNN_WORD(w, low, a, b, c, d)                                                                                \
    "and " low ", " w ", #0x0f0f0f0f\n"                                                                              \
    "lsr " w ", " w ", #4\n"                                                                                         \
    "and " w ", " w ", #0x0f0f0f0f\n"                                                                                \
    "uxtab16 " a ", " a ", " low "\n"                                                                                \
    "uxtab16 " b ", " b ", " low ", ror #8\n"                                                                        \
    "uxtab16 " c ", " c ", " w "\n"                                                                                  \
    "uxtab16 " d ", " d ", " w ", ror #8\n"
#define ESNN_ROW_BITS "3"
#define ESNN_ROW                                                                                                     \
    "ldm r0, {r0, r1}\n" ESNN_WORD("r0", "r2", "r4", "r5", "r6", "r7") ESNN_WORD("r1", "r3", "r8", "r9", "r10", "r11")

/** Takes 8 a row off both lanes, modulo 2^16. */
#define ESNN_STORE(out, one, two)                                                                                    \
    ESNN_LACK("r0")                                                                                                  \
    "ldr r0, [r0, #" one "]\n"                                                                                       \
    "lsl r0, r0, #3\n"                                                                                               \
    "pkhbt r0, r0, r0, lsl #16\n"                                                                                    \
    "usub16 r4, r4, r0\n"                                                                                            \
    "usub16 r5, r5, r0\n"                                                                                            \
    "usub16 r6, r6, r0\n"                                                                                            \
    "usub16 r7, r7, r0\n"                                                                                            \
    "usub16 r8, r8, r0\n"                                                                                            \
    "usub16 r9, r9, r0\n"                                                                                            \
    "usub16 r10, r10, r0\n"                                                                                          \
    "usub16 r11, r11, r0\n" ESNN_OUT(out) "stm r0, {r4-r11}\n"
#define ESNN_BRANCH ESNN_BRANCH_CHANGES

#include "esnn_chain_asm.h"

void esnn_chain_sums_nibbles_dsp(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                 const esnn_runs_t *runs, const uint32_t *totals)
{
    ESNN_SUMS(totals, 1u);
}

#endif
