#include "esnn_chain.h"

#if ESNN_CHAIN_DSP

/* A row costs 12 instructions: its number, its address, one LDM and 8 SXTAB16. */
#define ESNN_ROW_BITS "4"
#define ESNN_ROW                                                                                                     \
    "ldm r0, {r0-r3}\n"                                                                                              \
    "sxtab16 r4, r4, r0\n"                                                                                           \
    "sxtab16 r5, r5, r0, ror #8\n"                                                                                   \
    "sxtab16 r6, r6, r1\n"                                                                                           \
    "sxtab16 r7, r7, r1, ror #8\n"                                                                                   \
    "sxtab16 r8, r8, r2\n"                                                                                           \
    "sxtab16 r9, r9, r2, ror #8\n"                                                                                   \
    "sxtab16 r10, r10, r3\n"                                                                                         \
    "sxtab16 r11, r11, r3, ror #8\n"
#define ESNN_STORE(out, one, two) ESNN_OUT(out) "stm r0, {r4-r11}\n"
#define ESNN_BRANCH ESNN_BRANCH_KEEPS

#include "esnn_chain_asm.h"

void esnn_chain_sums_dsp(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                         const esnn_runs_t *runs, const uint32_t *totals)
{
    ESNN_SUMS(totals, 0u); /* signed weights need no correction */
}

#endif
