#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

void esnn_vector_stream_mve(const esnn_finish_t *finish, int16_t *sums, uint32_t blocks, const uint8_t *from,
                            uint8_t *to)
{
    const int16_t *residual = (const int16_t *)(const void *)from;
    int16_t *store = (int16_t *)(void *)to;
    if (finish->residual == NULL) {
        for (uint32_t left = blocks; left != 0; --left) {
            vst1q_s16(store, vld1q_s16(sums));
            vst1q_s16(store + 8, vld1q_s16(sums + 8));
            sums += 16;
            store += 16;
        }
    } else if (finish->store == NULL) {
        for (uint32_t left = blocks; left != 0; --left) {
            vst1q_s16(sums, vaddq_s16(vld1q_s16(sums), vld1q_s16(residual)));
            vst1q_s16(sums + 8, vaddq_s16(vld1q_s16(sums + 8), vld1q_s16(residual + 8)));
            sums += 16;
            residual += 16;
        }
    } else {
        __asm__ volatile("dls lr, %[count]\n"
                         "1:\n"
                         "vldrh.u16 q0, [%[sums]], #16\n"
                         "vldrh.u16 q1, [%[sums]], #16\n"
                         "vldrh.u16 q2, [%[residual]], #16\n"
                         "vldrh.u16 q3, [%[residual]], #16\n"
                         "vadd.i16 q0, q0, q2\n"
                         "vadd.i16 q1, q1, q3\n"
                         "vstrh.16 q0, [%[store]], #16\n"
                         "vstrh.16 q1, [%[store]], #16\n"
                         "le lr, 1b\n"
                         : [sums] "+r"(sums), [residual] "+r"(residual), [store] "+r"(store)
                         : [count] "r"(blocks)
                         : "lr", "q0", "q1", "q2", "q3", "memory");
    }
}

#endif
