#include "esnn_vector.h"

void esnn_vector_pool_max_portable(const esnn_vector_t *layer, const esnn_finish_t *finish, uint32_t y,
                                   const int16_t *sums, uint8_t *arena)
{
    const esnn_window_t *window = finish->pooled_window;
    const uint32_t entries = layer->blocks << 6; /* of a position: four steps lie like the sums */
    uint8_t *line = arena + finish->pooled->offset + window->rows[y].offset;
    for (uint32_t row = window->rows[y].count; row != 0; --row) {
        uint8_t *position = line;
        for (uint32_t i = 0; i < layer->window_count; ++i) {
            const int16_t *from = sums + (layer->windows[i].offset >> 1);
            int16_t *to = (int16_t *)(void *)position;
            for (uint32_t left = layer->windows[i].count; left != 0; --left) {
                for (uint32_t c = 0; c < entries; ++c) {
                    to[c] = from[c] > to[c] ? from[c] : to[c];
                }
                ESNN_WALK(from, entries);
            }
            ESNN_WALK(position, window->position_stride);
        }
        ESNN_WALK(line, window->row_stride);
    }
}
