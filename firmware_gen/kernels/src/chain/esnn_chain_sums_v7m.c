#include "esnn_asm.h"
#include "esnn_v7m.h"

#if ESNN_CHAIN_V7M

ESNN_ASM_STACK(72);

#if ESNN_PAIRED_ROWS

/** Takes the offset off and splits numbers into lanes; r1 is 2^15 - ESNN_QUARTER. */
#define ESNN_LANES(sum)                                                                                              \
    "add " sum ", " sum ", r1\n"                                                                                     \
    "eor " sum ", " sum ", #0x8000\n"

#define ESNN_STORE(out, one, two)                                                                                    \
    "movw r1, #0x4000\n"                                                                                             \
    "movt r1, #0xc000\n" ESNN_LANES("r4") ESNN_LANES("r5") ESNN_LANES("r6") ESNN_LANES("r7") ESNN_LANES("r8")        \
        ESNN_LANES("r9") ESNN_LANES("r10") ESNN_LANES("r11") ESNN_OUT(out) "stm r0, {r4-r11}\n"

#else

/** Takes the weights' bias off (r0 for even sums, r1 for odd ones) and splits numbers into lanes. */
#define ESNN_SPLIT(even, odd)                                                                                        \
    "add " even ", " even ", r0\n"                                                                                   \
    "add " odd ", " odd ", r1\n"                                                                                     \
    "asr r2, " even ", #16\n"                                                                                        \
    "sub " odd ", " odd ", r2, lsl #8\n"                                                                             \
    "eor " even ", " even ", #0x8000\n"                                                                              \
    "eor " odd ", " odd ", #0x8000\n"

#define ESNN_STORE(out, one, two)                                                                                    \
    ESNN_LACK("r1")                                                                                                  \
    "ldrd r0, r1, [r1, #" two "]\n" ESNN_SPLIT("r4", "r5") ESNN_SPLIT("r6", "r7") ESNN_SPLIT("r8", "r9")             \
        ESNN_SPLIT("r10", "r11") ESNN_OUT(out) "stm r0, {r4-r11}\n"

#endif

#define ESNN_BRANCH ESNN_BRANCH_CHANGES

#include "esnn_chain_asm.h"

void esnn_chain_sums_v7m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                         const esnn_runs_t *runs, const uint32_t *totals)
{
    ESNN_SUMS(totals, 2u);
}

#endif
