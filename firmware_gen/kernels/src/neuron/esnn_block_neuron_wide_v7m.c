#include "esnn_block.h"

#if ESNN_WIDE_V7M

/* As esnn_block_neuron_v7m(): silent neurons fall through. */
#define ESNN_SILENT(step, load)                                                                                      \
    "cmp %[u], %[theta]\n"                                                                                           \
    "bge 1" step "f\n"                                                                                               \
    "ldr %[x], " load "\n"                                                                                           \
    "add %[u], %[x], %[u], asr #1\n"                                                                                 \
    "2" step ":\n"

#define ESNN_FIRED(step, plane, load)                                                                                \
    "1" step ":\n"                                                                                                   \
    "orr %[" plane "], %[" plane "], %[bit]\n"                                                                       \
    "ldr %[u], " load "\n"                                                                                           \
    "b 2" step "b\n"

uint32_t esnn_block_neuron_wide_v7m(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                    uint32_t *planes)
{
    if (ternary) {
        return esnn_block_neuron_wide_portable(sums, stride, threshold, ternary, planes);
    }
    uint32_t a = 0, b = 0, c = 0, d = 0; /* planes of the four steps, in the upper halves */
    uint32_t bit = 1u << ESNN_BLOCK;
    int32_t u, x, theta;
    const uint32_t one = (stride << 2) - 4u, two = (stride << 3) - 4u; /* bytes from the next sum of step 0 */
    const uint32_t three = (stride << 3) + (stride << 2) - 4u;
    __asm__ volatile(
        "0:\n"
        "ldr %[theta], [%[thresholds]], #4\n"
        "ldr %[u], [%[sums]], #4\n" ESNN_SILENT("0", "[%[sums], %[one]]") ESNN_SILENT("1", "[%[sums], %[two]]")
            ESNN_SILENT("2", "[%[sums], %[three]]") "cmp %[u], %[theta]\n"
                                                    "bge 13f\n"
                                                    "4:\n"
                                                    "lsls %[bit], %[bit], #1\n"
                                                    "bcc 0b\n"
                                                    "b 5f\n" ESNN_FIRED("0", "a", "[%[sums], %[one]]")
                                                        ESNN_FIRED("1", "b", "[%[sums], %[two]]") ESNN_FIRED(
                                                            "2", "c",
                                                            "[%[sums], %[three]]") "13:\n"
                                                                                   "orr %[d], %[d], %[bit]\n"
                                                                                   "b 4b\n"
                                                                                   "5:\n"
        : [sums] "+r"(sums), [thresholds] "+r"(threshold), [bit] "+r"(bit), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c),
          [d] "+r"(d), [u] "=&r"(u), [x] "=&r"(x), [theta] "=&r"(theta)
        : [one] "r"(one), [two] "r"(two), [three] "r"(three)
        : "cc", "memory");
    planes[0] = a >> 16 | b;
    planes[1] = c >> 16 | d;
    return a | b | c | d;
}

#endif
