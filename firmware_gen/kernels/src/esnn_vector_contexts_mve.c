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
    const uint32_t to_minus = layer->value_minus;
    int16_t *last = contexts + ESNN_CONTEXT - ESNN_HEAD; /* last row */
    for (uint32_t t = 4; t != 0; --t) {
        const uint8_t *at = value;
        const int16_t *clip = layer->clip;
        for (uint32_t head = layer->heads; head != 0; --head) {
            uint32_t plus = (uint32_t)*(const uint16_t *)(const void *)at << 16;
            uint32_t minus = (uint32_t)*(const uint16_t *)(const void *)(at + to_minus) << 16;
            if (to_minus == 0) {
                minus = 0;
            }
            if ((plus | minus) != 0) {
                const int16x8_t low = vminq_s16(vmaxq_s16(vld1q_s16(keys), zero), vld1q_s16(clip));
                const int16x8_t high = vminq_s16(vmaxq_s16(vld1q_s16(keys + 8), zero), vld1q_s16(clip + 8));
                if (plus != 0) {
                    ESNN_GATE("vadd.i16", plus, low, high, last);
                }
                if (minus != 0) {
                    ESNN_GATE("vsub.i16", minus, low, high, last);
                }
            }
            at += 2;
            keys += ESNN_HEAD;
            clip += ESNN_HEAD;
            last += ESNN_CONTEXT;
        }
        value += layer->value_step;
    }
}

#endif
