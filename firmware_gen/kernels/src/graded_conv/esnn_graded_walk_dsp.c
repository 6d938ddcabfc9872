#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_CHAIN_DSP

ESNN_ASM_STACK(60);

/* A row costs 11 instructions: its entry, its address, one LDM and 8 SXTAB16. */
#define ESNN_ROW                                                                                                     \
    "ldrh r0, [r12], #2\n"                                                                                           \
    "add r0, lr, r0, lsr #1\n"                                                                                       \
    "ldm r0, {r0-r3}\n"                                                                                              \
    "sxtab16 r4, r4, r0\n"                                                                                           \
    "sxtab16 r5, r5, r0, ror #8\n"                                                                                   \
    "sxtab16 r6, r6, r1\n"                                                                                           \
    "sxtab16 r7, r7, r1, ror #8\n"                                                                                   \
    "sxtab16 r8, r8, r2\n"                                                                                           \
    "sxtab16 r9, r9, r2, ror #8\n"                                                                                   \
    "sxtab16 r10, r10, r3\n"                                                                                         \
    "sxtab16 r11, r11, r3, ror #8\n"
#define ESNN_TWICE(r) "sadd16 " r ", " r ", " r "\n"

#include "esnn_graded_asm.h"

void esnn_graded_walk_dsp(const esnn_graded_walk_t *walk)
{
    ESNN_GRADED_BODY(walk);
}

#endif
