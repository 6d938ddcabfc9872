#include "esnn_residual.h"

void esnn_residual_add(const esnn_finish_t *finish, uint32_t at, int32_t *acc, uint32_t stride, uint32_t first,
                       uint32_t channels, const uint8_t *arena)
{
    const esnn_stream_t *stream = finish->residual;
    for (uint32_t t = 0; t < finish->steps; ++t) {
        if (stream->wide) {
            const int32_t *from = (const int32_t *)(const void *)(arena + at) + first;
            for (uint32_t c = 0; c < channels; ++c) {
                ESNN_HIDE(c);
                acc[c] += from[c];
            }
        } else {
            const int16_t *from = (const int16_t *)(const void *)(arena + at) + first;
            for (uint32_t c = 0; c < channels; ++c) {
                ESNN_HIDE(c);
                acc[c] += from[c];
            }
        }
        ESNN_WALK(acc, stride);
        ESNN_WALK(at, stream->step_stride);
    }
}
