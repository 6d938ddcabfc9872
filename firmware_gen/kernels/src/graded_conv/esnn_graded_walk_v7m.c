#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_CHAIN_V7M && ESNN_PAIRED_ROWS

ESNN_ASM_STACK(60);

/* A row costs 13 instructions: its entry, its address, three loads and 8 additions of pairs modulo 2^32. */
#define ESNN_ROW                                                                                                     \
    "ldrh r0, [r12], #2\n"                                                                                           \
    "add r0, lr\n"                                                                                                   \
    "ldm r0!, {r1-r3}\n"                                                                                             \
    "add r4, r1\n"                                                                                                   \
    "add r5, r2\n"                                                                                                   \
    "add r6, r3\n"                                                                                                   \
    "ldm r0!, {r1-r3}\n"                                                                                             \
    "add r7, r1\n"                                                                                                   \
    "add r8, r2\n"                                                                                                   \
    "add r9, r3\n"                                                                                                   \
    "ldm r0, {r1, r2}\n"                                                                                             \
    "add r10, r1\n"                                                                                                  \
    "add r11, r2\n"
#define ESNN_TWICE(r) "add " r ", " r "\n"

#include "esnn_graded_asm.h"

void esnn_graded_walk_v7m(const esnn_graded_walk_t *walk)
{
    ESNN_GRADED_BODY(walk);
}

#endif
