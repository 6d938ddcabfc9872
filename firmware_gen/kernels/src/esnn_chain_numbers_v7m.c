#include "esnn_v7m.h"

#if ESNN_CHAIN_V7M

/** Takes the weights' bias off (r0 for even sums, r1 for odd ones); r3 turns what rounded even sums into the offset.
 */
#define ESNN_SPLIT(even, odd)                                                                                        \
    "add " even ", " even ", r0\n"                                                                                   \
    "add " odd ", " odd ", r1\n"                                                                                     \
    "asr r2, " even ", #16\n"                                                                                        \
    "sub " odd ", " odd ", r2, lsl #8\n"                                                                             \
    "add " even ", " even ", r3\n"

#define ESNN_STORE(slot)                                                                                             \
    "ldr r0, %[even]\n"                                                                                              \
    "ldr r1, %[odd]\n"                                                                                               \
    "ldr r3, %[rest]\n" ESNN_SPLIT("r4", "r5") ESNN_SPLIT("r6", "r7") ESNN_SPLIT("r8", "r9")                         \
        ESNN_SPLIT("r10", "r11") "ldr r0, " slot "\n"                                                                \
                                 "stm r0, {r4-r11}\n"

void esnn_chain_numbers_v7m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                            const int16_t *list, const uint32_t *totals, int16_t *sums)
{
    const uint32_t rest = ESNN_QUARTER - 0x8000u;
    register const int16_t *next __asm__("r12") = list;
    register const uint32_t *base __asm__("lr") = weights;
    const uint32_t *place = chain->sum;
    uint32_t left = chain->places - 1u;
    int16_t *trunk = sums + place[left];
    const void *from = bias; /* odd sums start with what ESNN_SPLIT takes off them: ESNN_BIAS() */
    for (; left != 0; --left) {
        const uint32_t rows = *totals++;
        const uint32_t even = esnn_lack(rows), odd = even - (rows << 15) + rest;
        const void *branch = sums + *place++;
        __asm__ volatile("ldr r0, %[from]\n"
                         "ldm r0, {r4-r11}\n" ESNN_PART("1") "ldr r0, %[trunk]\n"
                                                             "stm r0, {r4-r11}\n" ESNN_PART("2")
                                                                 ESNN_STORE("%[branch]")
                         : "+r"(next)
                         : "r"(base), [from] "m"(from), [trunk] "m"(trunk), [branch] "m"(branch), [even] "m"(even),
                           [odd] "m"(odd), [rest] "m"(rest)
                         : ESNN_CLOBBERS);
        from = trunk;
    }
    const uint32_t rows = *totals;
    const uint32_t even = esnn_lack(rows), odd = even - (rows << 15) + rest;
    __asm__ volatile(
        "ldr r0, %[from]\n"
        "ldm r0, {r4-r11}\n" ESNN_PART("1") ESNN_STORE("%[trunk]")
        : "+r"(next)
        : "r"(base), [from] "m"(from), [trunk] "m"(trunk), [even] "m"(even), [odd] "m"(odd), [rest] "m"(rest)
        : ESNN_CLOBBERS);
}

#endif
