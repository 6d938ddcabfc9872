#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

/*
 * Two neurons a word. Lanes hold U + 2^15, so they never are negative and none borrows from the other:
 * V = H + 2^14 + X + 2^14. V - theta has bit 15 of a lane set where the neuron fires. Half of V, with the bit that
 * came from the upper lane cleared, is H + 2^14 of the next step; where it fired, H is 0.
 * r0 sums, r1 thresholds, r3 V, r5 bit 15 of both lanes, r8-r11 planes, r12 2^14 in both lanes.
 */
#define ESNN_TEST(label)                                                                                             \
    "subs r4, r3, r2\n"                                                                                              \
    "ands r4, r4, r5\n"                                                                                              \
    "bne " label "f\n"

#define ESNN_LEAK                                                                                                    \
    "lsrs r3, r3, #1\n"                                                                                              \
    "bics r3, r3, r5\n"

/** The bits are disjoint, and addition is what takes a high register. */
#define ESNN_RECORD(plane, shift)                                                                                    \
    "lsrs r6, r4, #" shift "\n"                                                                                      \
    "add " plane ", r6\n"

/** r4 are the lanes that fired: 2^14 there, half of V elsewhere. */
#define ESNN_RESET                                                                                                   \
    "lsrs r6, r4, #15\n"                                                                                             \
    "subs r6, r4, r6\n"                                                                                              \
    "lsrs r3, r3, #1\n"                                                                                              \
    "bics r3, r3, r5\n"                                                                                              \
    "bics r3, r3, r6\n"                                                                                              \
    "lsrs r4, r4, #1\n"                                                                                              \
    "orrs r3, r3, r4\n"

#define ESNN_NEXT(sum)                                                                                               \
    "ldr r6, [r0, #" sum "]\n"                                                                                       \
    "adds r3, r3, r6\n"

#define ESNN_WORD(shift, sum0, sum1, sum2, sum3)                                                                     \
    "ldmia r1!, {r2}\n"                                                                                              \
    "ldr r3, [r0, #" sum0 "]\n"                                                                                      \
    "add r3, r12\n" ESNN_TEST("5") ESNN_LEAK "1:\n" ESNN_NEXT(sum1) ESNN_TEST("6") ESNN_LEAK                         \
    "2:\n" ESNN_NEXT(sum2) ESNN_TEST("7") ESNN_LEAK "3:\n" ESNN_NEXT(sum3) ESNN_TEST("8") "b 4f\n"                   \
    "5:\n" ESNN_RECORD("r8", shift) ESNN_RESET "b 1b\n"                                                              \
    "6:\n" ESNN_RECORD("r9", shift) ESNN_RESET "b 2b\n"                                                              \
    "7:\n" ESNN_RECORD("r10", shift) ESNN_RESET "b 3b\n"                                                             \
    "8:\n" ESNN_RECORD("r11", shift) "4:\n"

/** Bits of even channels are in the lower half, of odd ones in the upper half one place lower. */
static inline uint32_t esnn_fold(uint32_t early, uint32_t late)
{
    return ((early | early >> 15) & 0xffffu) | ((late | late >> 15) << 16);
}

uint32_t esnn_block_neuron_v6m(const uint32_t *numbers, const int16_t *threshold, uint32_t *planes)
{
    register const uint32_t *sums __asm__("r0") = numbers;
    register const int16_t *thresholds __asm__("r1") = threshold;
    register uint32_t both __asm__("r5") = ESNN_TOPS;
    register uint32_t half __asm__("r12") = ESNN_QUARTER;
    register uint32_t a __asm__("r8") = 0;
    register uint32_t b __asm__("r9") = 0;
    register uint32_t c __asm__("r10") = 0;
    register uint32_t d __asm__("r11") = 0;
    __asm__ volatile(".syntax unified\n" ESNN_WORD("15", "0", "32", "64", "96") ESNN_WORD("13", "4", "36", "68", "100")
                         ESNN_WORD("11", "8", "40", "72", "104") ESNN_WORD("9", "12", "44", "76", "108")
                             ESNN_WORD("7", "16", "48", "80", "112") ESNN_WORD("5", "20", "52", "84", "116")
                                 ESNN_WORD("3", "24", "56", "88", "120") ESNN_WORD("1", "28", "60", "92", "124")
                     : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(thresholds)
                     : "r"(sums), "r"(both), "r"(half)
                     : "r2", "r3", "r4", "r6", "cc", "memory");
    if ((a | b | c | d) == 0) {
        planes[0] = 0;
        planes[1] = 0;
        return 0;
    }
    planes[0] = esnn_fold(a, b);
    planes[1] = esnn_fold(c, d);
    return 1;
}

#endif
