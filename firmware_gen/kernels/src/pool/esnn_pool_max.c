#include "esnn_pool.h"

void esnn_pool_max(const esnn_finish_t *finish, const esnn_place_t *place, const int32_t *acc, uint32_t stride,
                   uint32_t first, uint32_t channels, uint8_t *arena)
{
    const esnn_stream_t *pooled = finish->pooled;
    const esnn_window_t *window = finish->pooled_window;
    const esnn_span_t *rows = &window->rows[place->y];
    const esnn_span_t *columns = &window->columns[place->x];
    uint32_t line = pooled->offset + rows->offset + columns->offset;
    for (uint32_t i = 0; i < rows->count; ++i) {
        uint32_t position = line;
        for (uint32_t j = 0; j < columns->count; ++j) {
            const int32_t *from = acc;
            uint32_t at = position;
            for (uint32_t t = 0; t < pooled->steps; ++t) {
                int32_t *wide = (int32_t *)(void *)(arena + at) + first;
                int16_t *narrow = (int16_t *)(void *)(arena + at) + first;
                for (uint32_t c = 0; c < channels; ++c) {
                    ESNN_HIDE(c);
                    if (pooled->wide) {
                        wide[c] = from[c] > wide[c] ? from[c] : wide[c];
                    } else if (from[c] > narrow[c]) {
                        narrow[c] = (int16_t)from[c];
                    }
                }
                ESNN_WALK(from, stride);
                ESNN_WALK(at, pooled->step_stride);
            }
            ESNN_WALK(position, window->position_stride);
        }
        ESNN_WALK(line, window->row_stride);
    }
}
