#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

void esnn_vector_add_mve(const int16_t *a, const int16_t *b, int16_t *to, uint32_t blocks)
{
    for (uint32_t left = blocks; left != 0; --left) {
        vst1q_s16(to, vaddq_s16(vld1q_s16(a), vld1q_s16(b)));
        vst1q_s16(to + 8, vaddq_s16(vld1q_s16(a + 8), vld1q_s16(b + 8)));
        a += 16;
        b += 16;
        to += 16;
    }
}

#endif
