#include "esnn_graded_conv.h"

uint32_t esnn_graded_next(const esnn_graded_conv_t *conv, esnn_line_t *line)
{
    line->window += line->windows;
    const uint32_t left = conv->out_width - line->window;
    if (left != 0) {
        for (uint32_t i = line->windows; i != 0; --i) {
            ESNN_WALK(line->column, conv->stride_x);
            for (uint32_t j = conv->stride_x; j != 0; --j) {
                ESNN_WALK(line->at, conv->cell);
            }
        }
        line->part = ESNN_PART_NEXT;
        esnn_graded_see(conv, line, left << 1); /* halved by esnn_graded_part() */
        return 1;
    }
    if (++line->y == conv->out_height) {
        return 0;
    }
    const int32_t top = line->top + (int32_t)conv->stride_y, counted = line->counted;
    for (int32_t y = line->top; y != top; ++y) {
        ESNN_WALK(line->begin, conv->line_bytes);
        if (y >= counted && y >= 0 && y < (int32_t)conv->height) { /* lines that no window sees */
            ESNN_WALK(line->entering, conv->line_bytes);
        }
    }
    line->counted = counted < top ? top : counted;
    line->top = top;
    line->at = line->begin;
    line->window = 0;
    line->column = -(int32_t)conv->left;
    line->part = ESNN_PART_NONE;
    esnn_graded_see(conv, line, conv->out_width);
    return 1;
}
