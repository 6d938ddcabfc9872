#include "esnn_asm.h"
#include "esnn_v6m_numbers.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(4);

/*
 * As esnn_fire_numbers(), from lanes: flipping bit 15 makes a sum X + 2^15, of which 2^14 is taken off. Ternary: U is
 * at or below -theta where V + theta - 1 has bit 15 of a lane clear; those spikes are recorded one place higher.
 * r12 -2^14 in both lanes, lr -1 in both.
 */
#define ESNN_LANES(sum)                                                                                              \
    "ldr r6, [r0, #" sum "]\n"                                                                                       \
    "eors r6, r6, r5\n"                                                                                              \
    "adds r3, r3, r6\n"                                                                                              \
    "add r3, r12\n"

#define ESNN_EITHER(label)                                                                                           \
    "subs r4, r3, r2\n"                                                                                              \
    "ands r4, r4, r5\n"                                                                                              \
    "adds r6, r3, r2\n"                                                                                              \
    "add r6, lr\n"                                                                                                   \
    "movs r7, r5\n"                                                                                                  \
    "bics r7, r7, r6\n"                                                                                              \
    "movs r6, r4\n"                                                                                                  \
    "orrs r6, r6, r7\n"                                                                                              \
    "bne " label "f\n"

#define ESNN_BOTH(plane, plus, minus)                                                                                \
    plus "add " plane ", r6\n" minus "add " plane ", r6\n"                                                           \
         "orrs r4, r4, r7\n"

#define ESNN_TERNARY(plus, minus, sum0, sum1, sum2, sum3)                                                            \
    "ldmia r1!, {r2}\n"                                                                                              \
    "ldr r3, [r0, #" sum0 "]\n"                                                                                      \
    "eors r3, r3, r5\n" ESNN_EITHER("5") ESNN_LEAK "1:\n" ESNN_LANES(sum1) ESNN_EITHER("6") ESNN_LEAK                \
        "2:\n" ESNN_LANES(sum2) ESNN_EITHER("7") ESNN_LEAK "3:\n" ESNN_LANES(sum3)                                   \
            ESNN_EITHER("8") "b 4f\n"                                                                                \
                             "5:\n" ESNN_BOTH("r8", plus, minus) ESNN_RESET                                          \
        "b 1b\n"                                                                                                     \
        "6:\n" ESNN_BOTH("r9", plus, minus) ESNN_RESET "b 2b\n"                                                      \
                                                       "7:\n" ESNN_BOTH("r10", plus, minus) ESNN_RESET               \
        "b 3b\n"                                                                                                     \
        "8:\n" ESNN_BOTH("r11", plus, minus) "4:\n"

#define ESNN_SHIFTS(plus, minus) "lsrs r6, r4, #" plus "\n", "lsrs r6, r7, #" minus "\n"

/** Bits of even channels are in the lower half, of odd ones in the upper half one place lower. */
static inline uint32_t esnn_fold(uint32_t early, uint32_t late)
{
    return ((early | early >> 15) & 0xffffu) | ((late | late >> 15) << 16);
}

#define ESNN_ALL(macro, ...) macro(__VA_ARGS__)

static uint32_t esnn_neurons_ternary(const int16_t *lanes, const int16_t *threshold, uint32_t *planes)
{
    register const int16_t *sums __asm__("r0") = lanes;
    register const int16_t *thresholds __asm__("r1") = threshold;
    register uint32_t tops __asm__("r5") = ESNN_TOPS;
    register uint32_t quarter __asm__("r12") = 0u - ESNN_QUARTER;
    register uint32_t ones __asm__("lr") = 0u - 0x00010001u;
    register uint32_t a __asm__("r8") = 0;
    register uint32_t b __asm__("r9") = 0;
    register uint32_t c __asm__("r10") = 0;
    register uint32_t d __asm__("r11") = 0;
    const uint32_t mask = 0x55555555u;
    __asm__ volatile(".syntax unified\n"
                     "push {r7}\n" ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("15", "14"), "0", "32", "64", "96")
                         ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("13", "12"), "4", "36", "68", "100")
                             ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("11", "10"), "8", "40", "72", "104")
                                 ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("9", "8"), "12", "44", "76", "108")
                                     ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("7", "6"), "16", "48", "80", "112")
                                         ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("5", "4"), "20", "52", "84", "116")
                                             ESNN_ALL(ESNN_TERNARY, ESNN_SHIFTS("3", "2"), "24", "56", "88", "120")
                                                 ESNN_TERNARY("lsrs r6, r4, #1\n", "movs r6, r7\n", "28", "60", "92",
                                                              "124") "pop {r7}\n"
                     : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(thresholds)
                     : "r"(sums), "r"(tops), "r"(quarter), "r"(ones)
                     : "r2", "r3", "r4", "r6", "cc", "memory");
    planes[0] = esnn_fold(a & mask, b & mask);
    planes[1] = esnn_fold(c & mask, d & mask);
    planes[2] = esnn_fold((a >> 1) & mask, (b >> 1) & mask);
    planes[3] = esnn_fold((c >> 1) & mask, (d >> 1) & mask);
    return a | b | c | d;
}

#define ESNN_BINARY(shift, sum0, sum1, sum2, sum3)                                                                   \
    "ldmia r1!, {r2}\n"                                                                                              \
    "ldr r3, [r0, #" sum0 "]\n"                                                                                      \
    "eors r3, r3, r5\n" ESNN_TEST("5") ESNN_LEAK "1:\n" ESNN_LANES(sum1) ESNN_TEST("6") ESNN_LEAK                    \
        "2:\n" ESNN_LANES(sum2) ESNN_TEST("7") ESNN_LEAK "3:\n" ESNN_LANES(sum3)                                     \
            ESNN_TEST("8") "b 4f\n"                                                                                  \
                           "5:\n" ESNN_SPIKE("r8", shift) ESNN_RESET "b 1b\n"                                        \
                                                                     "6:\n" ESNN_SPIKE("r9", shift) ESNN_RESET       \
        "b 2b\n"                                                                                                     \
        "7:\n" ESNN_SPIKE("r10", shift) ESNN_RESET "b 3b\n"                                                          \
                                                   "8:\n" ESNN_SPIKE("r11", shift) "4:\n"

#define ESNN_SPIKE(plane, shift)                                                                                     \
    "lsrs r6, r4, #" shift "\n"                                                                                      \
    "add " plane ", r6\n"

static uint32_t esnn_neurons_binary(const int16_t *lanes, const int16_t *threshold, uint32_t *planes)
{
    register const int16_t *sums __asm__("r0") = lanes;
    register const int16_t *thresholds __asm__("r1") = threshold;
    register uint32_t tops __asm__("r5") = ESNN_TOPS;
    register uint32_t quarter __asm__("r12") = 0u - ESNN_QUARTER;
    register uint32_t a __asm__("r8") = 0;
    register uint32_t b __asm__("r9") = 0;
    register uint32_t c __asm__("r10") = 0;
    register uint32_t d __asm__("r11") = 0;
    __asm__ volatile(".syntax unified\n" ESNN_BINARY("15", "0", "32", "64", "96")
                         ESNN_BINARY("13", "4", "36", "68", "100") ESNN_BINARY("11", "8", "40", "72", "104")
                             ESNN_BINARY("9", "12", "44", "76", "108") ESNN_BINARY("7", "16", "48", "80", "112")
                                 ESNN_BINARY("5", "20", "52", "84", "116") ESNN_BINARY("3", "24", "56", "88", "120")
                                     ESNN_BINARY("1", "28", "60", "92", "124")
                     : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(thresholds)
                     : "r"(sums), "r"(tops), "r"(quarter)
                     : "r2", "r3", "r4", "r6", "cc", "memory");
    planes[0] = esnn_fold(a, b);
    planes[1] = esnn_fold(c, d);
    return a | b | c | d;
}

uint32_t esnn_block_neuron_v6m(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    return ternary ? esnn_neurons_ternary(sums, threshold, planes) : esnn_neurons_binary(sums, threshold, planes);
}

#endif
