#include "esnn_v7m.h"

#if ESNN_CHAIN_V7M

#if ESNN_PAIRED_ROWS

#define ESNN_STORE(out, one, two)                                                                                             \
    ESNN_OUT(out) "stm r0, {r4-r11}\n"

#define ESNN_BRANCH ESNN_BRANCH_KEEPS

#else

#define ESNN_BRANCH ESNN_BRANCH_CHANGES

/** Takes the weights' bias off (r0 for even sums, r1 for odd ones); r3, ESNN_QUARTER - 2^15, leaves the offset. */
#define ESNN_SPLIT(even, odd)                                                                                        \
    "add " even ", " even ", r0\n"                                                                                   \
    "add " odd ", " odd ", r1\n"                                                                                     \
    "asr r2, " even ", #16\n"                                                                                        \
    "sub " odd ", " odd ", r2, lsl #8\n"                                                                             \
    "add " even ", " even ", r3\n"

#define ESNN_STORE(out, one, two)                                                                                             \
    "ldr r1, %[lack]\n"                                                                                              \
    "ldrd r0, r1, [r1, #" two "]\n"                                                                                            \
    "movw r3, #0xc000\n"                                                                                             \
    "movt r3, #0x3fff\n"                                                                                             \
    "add r1, r1, r3\n" ESNN_SPLIT("r4", "r5") ESNN_SPLIT("r6", "r7") ESNN_SPLIT("r8", "r9")                          \
        ESNN_SPLIT("r10", "r11") ESNN_OUT(out) "stm r0, {r4-r11}\n"

#endif

#include "esnn_chain_asm.h"

void esnn_chain_numbers_v7m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                            const esnn_runs_t *runs, const uint32_t *totals)
{
    ESNN_SUMS(totals, 2u);
}

#endif
