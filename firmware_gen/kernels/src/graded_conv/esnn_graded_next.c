#include "esnn_graded_conv.h"

uint32_t esnn_graded_next(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena)
{
    line->window += line->windows;
    if (line->window < conv->out_width) {
        for (uint32_t i = line->windows; i != 0; --i) {
            line->column += conv->stride_x;
            for (uint32_t j = conv->stride_x; j != 0; --j) {
                ESNN_WALK(line->at, conv->cell);
            }
        }
        return 1;
    }
    if (++line->y == conv->out_height) {
        return 0;
    }
    const uint32_t y = line->y, out = line->out;
    const int32_t top = line->top + (int32_t)conv->stride_y;
    esnn_graded_begin(conv, line, arena);
    for (int32_t i = line->top; i != top; ++i) {
        ESNN_WALK(line->at, conv->line_bytes);
    }
    line->top = top;
    line->y = y;
    line->out = out;
    return 1;
}
