#include "esnn_vector.h"

void esnn_vector_stream_portable(const esnn_finish_t *finish, int16_t *sums, uint32_t blocks, const uint8_t *from,
                                 uint8_t *to)
{
    const int16_t *residual = (const int16_t *)(const void *)from;
    int16_t *store = (int16_t *)(void *)to;
    for (uint32_t left = blocks << 4; left != 0; --left) {
        ESNN_HIDE(left);
        const int16_t sum = *sums;
        const uint32_t other = finish->residual != NULL ? (uint32_t)*residual++ : 0;
        *(finish->store != NULL ? store++ : sums) = (int16_t)(uint16_t)((uint32_t)sum + other);
        ++sums;
    }
}
