#include "esnn_residual.h"

void esnn_residual_store(const esnn_finish_t *finish, uint32_t at, const int32_t *acc, uint32_t stride,
                         uint32_t first, uint32_t channels, uint8_t *arena)
{
    const esnn_stream_t *stream = finish->store;
    for (uint32_t t = 0; t < stream->steps; ++t) {
        if (stream->wide) {
            int32_t *to = (int32_t *)(void *)(arena + at) + first;
            for (uint32_t c = 0; c < channels; ++c) {
                ESNN_HIDE(c);
                to[c] = acc[c];
            }
        } else {
            int16_t *to = (int16_t *)(void *)(arena + at) + first;
            for (uint32_t c = 0; c < channels; ++c) {
                ESNN_HIDE(c);
                to[c] = (int16_t)acc[c]; /* the converter has proved that it fits */
            }
        }
        ESNN_WALK(acc, stride);
        ESNN_WALK(at, stream->step_stride);
    }
}
