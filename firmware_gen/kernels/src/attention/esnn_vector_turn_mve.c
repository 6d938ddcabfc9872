#include "esnn_vector_attention.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

void esnn_vector_turn_mve(int16_t *contexts, uint32_t count, int16_t *scratch)
{
    const uint16x8_t rows = vshlq_n_u16(vidupq_n_u16(0, 1), 5); /* bytes to the same place of eight rows */
    for (; count != 0; --count) {
        const int16_t *from = contexts;
        for (uint32_t v = 0; v < ESNN_HEAD; ++v) {
            int16_t *to = scratch + ((v & 3u) << 2) + (v >> 2);
            vstrhq_scatter_offset_s16(to, rows, vld1q_s16(from));
            vstrhq_scatter_offset_s16(to + (ESNN_CONTEXT >> 1), rows, vld1q_s16(from + 8));
            from += ESNN_HEAD;
        }
        from = scratch;
        for (uint32_t i = ESNN_CONTEXT >> 4; i != 0; --i) {
            vst1q_s16(contexts, vld1q_s16(from));
            vst1q_s16(contexts + 8, vld1q_s16(from + 8));
            contexts += 16;
            from += 16;
        }
    }
}

#endif
