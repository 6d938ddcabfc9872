#include "esnn_vector_attention.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/** Adds K to (or takes it off) the rows of the context whose bit is set; `bits` stand in the upper half, row 15 on
 * top. */
#define ESNN_GATE(operation, bits, low, high, last)                                                                  \
    do {                                                                                                             \
        uint32_t k, row;                                                                                             \
        __asm__ volatile("1:\n"                                                                                      \
                         "clz %[k], %[set]\n"                                                                        \
                         "sub %[row], %[end], %[k], lsl #5\n"                                                        \
                         "lsr %[k], %[top], %[k]\n"                                                                  \
                         "vldrh.u16 q6, [%[row]]\n"                                                                  \
                         "vldrh.u16 q7, [%[row], #16]\n" operation " q6, q6, %q[a]\n" operation " q7, q7, %q[b]\n"   \
                         "vstrh.16 q6, [%[row]]\n"                                                                   \
                         "vstrh.16 q7, [%[row], #16]\n"                                                              \
                         "eors %[set], %[set], %[k]\n"                                                               \
                         "bne 1b\n"                                                                                  \
                         : [set] "+r"(bits), [k] "=&r"(k), [row] "=&r"(row)                                          \
                         : [a] "w"(low), [b] "w"(high), [end] "r"(last), [top] "r"(0x80000000u)                      \
                         : "q6", "q7", "cc", "memory");                                                              \
    } while (0)

void esnn_vector_contexts_mve(const esnn_vector_attention_t *layer, const int16_t *keys, const uint8_t *value,
                              int16_t *contexts)
{
    const int16x8_t zero = vdupq_n_s16(0);
    const uint32_t to_minus = layer->value_minus, step = layer->value_step, width = layer->width;
    const uint32_t mask = ((1u << width) - 1u) << 16;
    const uint32_t minus_mask = to_minus != 0 ? mask : 0;
    const uint32_t key_step = layer->heads << 4, context_step = layer->heads << 8;
    int16_t *first_last = contexts + ESNN_CONTEXT - ESNN_HEAD; /* last row */
    const int16_t *clip = layer->clip;
    uint32_t first = 0;
    for (uint32_t head = layer->heads; head != 0; --head) {
        const int16x8_t clip_low = vld1q_s16(clip), clip_high = vld1q_s16(clip + 8);
        const uint8_t *at = value + (first >> 3);
        const uint32_t shift = 16u - (first & 7u);
        const int16_t *key = keys;
        int16_t *last = first_last;
        for (uint32_t t = 4; t != 0; --t) {
            uint32_t plus = esnn_head_bits(at, shift, mask);
            uint32_t minus = esnn_head_bits(at + to_minus, shift, minus_mask);
            if ((plus | minus) != 0) {
                const int16x8_t low = vminq_s16(vmaxq_s16(vld1q_s16(key), zero), clip_low);
                const int16x8_t high = vminq_s16(vmaxq_s16(vld1q_s16(key + 8), zero), clip_high);
                if (plus != 0) {
                    ESNN_GATE("vadd.i16", plus, low, high, last);
                }
                if (minus != 0) {
                    ESNN_GATE("vsub.i16", minus, low, high, last);
                }
            }
            ESNN_WALK(at, step);
            ESNN_WALK(key, key_step);
            ESNN_WALK(last, context_step);
        }
        ESNN_WALK(first, width);
        keys += ESNN_HEAD;
        clip += ESNN_HEAD;
        first_last += ESNN_CONTEXT;
    }
}

#endif
