#include "esnn_block.h"

#if ESNN_THUMB2

/* As esnn_block_neuron_v7m(): silent neurons fall through. */
#define ESNN_SILENT(step, load)                                                                                      \
    "cmp r9, r11\n"                                                                                                  \
    "bge 1" step "f\n"                                                                                               \
    "ldr r10, " load "\n"                                                                                            \
    "add r9, r10, r9, asr #1\n"                                                                                      \
    "2" step ":\n"

#define ESNN_FIRED(step, plane, bit, load)                                                                           \
    "1" step ":\n"                                                                                                   \
    "orr " plane ", " plane ", " bit "\n"                                                                            \
    "ldr r9, " load "\n"                                                                                             \
    "b 2" step "b\n"

uint32_t esnn_block_neuron_wide_v7m(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                    uint32_t *planes)
{
    if (ternary) {
        return esnn_block_neuron_wide_portable(sums, stride, threshold, ternary, planes);
    }
    const uint32_t row = stride << 2; /* bytes; offsets are from the next sum of step 0 */
    register const int32_t *from __asm__("r0") = sums;
    register uint32_t one __asm__("r1") = row - 4u;
    register const int32_t *thresholds __asm__("r2") = threshold;
    register uint32_t two __asm__("r3") = row + row - 4u;
    register uint32_t three __asm__("r4") = row + row + row - 4u;
    register uint32_t early __asm__("r5") = 0,
                            late __asm__("r6") = 0; /* two steps each, the first in the lower half */
    register uint32_t bit __asm__("r8") = 1u << ESNN_BLOCK;
    /* clang-format off */
    __asm__ volatile(
        "0:\n"
        "ldr r11, [r2], #4\n"
        "ldr r9, [r0], #4\n"
        ESNN_SILENT("0", "[r0, r1]")
        ESNN_SILENT("1", "[r0, r3]")
        ESNN_SILENT("2", "[r0, r4]")
        "cmp r9, r11\n"
        "bge 13f\n"
        "4:\n"
        "lsls r8, r8, #1\n"
        "bcc 0b\n"
        "b 5f\n"
        ESNN_FIRED("0", "r5", "r8, lsr #16", "[r0, r1]")
        ESNN_FIRED("1", "r5", "r8", "[r0, r3]")
        ESNN_FIRED("2", "r6", "r8, lsr #16", "[r0, r4]")
        "13:\n"
        "orr r6, r6, r8\n"
        "b 4b\n"
        "5:\n"
        : "+r"(from), "+r"(thresholds), "+r"(early), "+r"(late), "+r"(bit)
        : "r"(one), "r"(two), "r"(three)
        : "r9", "r10", "r11", "cc", "memory");
    /* clang-format on */
    planes[0] = early;
    planes[1] = late;
    return early | late;
}

#endif
