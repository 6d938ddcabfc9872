#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/** Streams of four steps lie like the sums, so everything is one row of 4 * blocks blocks. */
void esnn_vector_stream_mve(const esnn_finish_t *finish, int16_t *sums, uint32_t blocks, const uint8_t *from,
                            uint8_t *to)
{
    const int16_t *residual = (const int16_t *)(const void *)from;
    int16_t *store = (int16_t *)(void *)to;
    const uint32_t count = blocks << 2;
    if (finish->residual == NULL) {
        for (uint32_t left = count; left != 0; --left) {
            vst1q_s16(store, vld1q_s16(sums));
            vst1q_s16(store + 8, vld1q_s16(sums + 8));
            sums += 16;
            store += 16;
        }
    } else if (finish->store == NULL) {
        for (uint32_t left = count; left != 0; --left) {
            vst1q_s16(sums, vaddq_s16(vld1q_s16(sums), vld1q_s16(residual)));
            vst1q_s16(sums + 8, vaddq_s16(vld1q_s16(sums + 8), vld1q_s16(residual + 8)));
            sums += 16;
            residual += 16;
        }
    } else {
        for (uint32_t left = count; left != 0; --left) {
            const int16x8_t low = vaddq_s16(vld1q_s16(sums), vld1q_s16(residual));
            const int16x8_t high = vaddq_s16(vld1q_s16(sums + 8), vld1q_s16(residual + 8));
            vst1q_s16(sums, low);
            vst1q_s16(sums + 8, high);
            vst1q_s16(store, low);
            vst1q_s16(store + 8, high);
            sums += 16;
            residual += 16;
            store += 16;
        }
    }
}

#endif
