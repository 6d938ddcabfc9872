#include "esnn_vector.h"

void esnn_vector_pool_max_portable(const esnn_finish_t *finish, const esnn_place_t *place, const int16_t *sums,
                                   uint32_t blocks, uint8_t *arena)
{
    const esnn_window_t *window = finish->pooled_window;
    const esnn_span_t *rows = &window->rows[place->y];
    const esnn_span_t *columns = &window->columns[place->x];
    uint8_t *line = arena + finish->pooled->offset + rows->offset + columns->offset;
    for (uint32_t i = rows->count; i != 0; --i) {
        uint8_t *position = line;
        for (uint32_t j = columns->count; j != 0; --j) {
            const int16_t *from = sums;
            int16_t *to = (int16_t *)(void *)position; /* four steps lie like the sums */
            for (uint32_t left = blocks << 6; left != 0; --left) {
                *to = *from > *to ? *from : *to;
                ++from;
                ++to;
            }
            position += window->position_stride;
        }
        line += window->row_stride;
    }
}
