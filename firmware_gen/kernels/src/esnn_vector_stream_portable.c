#include "esnn_vector.h"

void esnn_vector_stream_portable(const esnn_finish_t *finish, int16_t *sums, uint32_t blocks, const uint8_t *from,
                                 uint8_t *to)
{
    const uint32_t entries = blocks << 4;
    for (uint32_t t = 0; t < 4u; ++t) {
        const int16_t *residual = (const int16_t *)(const void *)from;
        int16_t *store = (int16_t *)(void *)to;
        for (uint32_t c = 0; c < entries; ++c) {
            if (finish->residual != NULL) {
                sums[c] = (int16_t)(uint16_t)((uint32_t)sums[c] + (uint32_t)residual[c]);
            }
            if (finish->store != NULL) {
                store[c] = sums[c];
            }
        }
        sums += entries;
        from += finish->residual != NULL ? finish->residual->step_stride : 0;
        to += finish->store != NULL ? finish->store->step_stride : 0;
    }
}
