#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

void esnn_vector_pool_max_mve(const esnn_finish_t *finish, const esnn_place_t *place, const int16_t *sums,
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
            for (uint32_t left = blocks << 2; left != 0; --left) {
                vst1q_s16(to, vmaxq_s16(vld1q_s16(to), vld1q_s16(from)));
                vst1q_s16(to + 8, vmaxq_s16(vld1q_s16(to + 8), vld1q_s16(from + 8)));
                from += 16;
                to += 16;
            }
            position += window->position_stride;
        }
        line += window->row_stride;
    }
}

#endif
