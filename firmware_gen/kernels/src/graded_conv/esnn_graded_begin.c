#include "esnn_graded_conv.h"

void esnn_graded_begin(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena)
{
    line->y = 0;
    line->window = 0;
    line->windows = 0;
    line->top = -(int32_t)conv->top;
    line->column = -(int32_t)conv->left;
    line->columns = 0;
    line->out = 0;
    line->at = arena + conv->input;
    for (uint32_t i = conv->top; i != 0; --i) {
        ESNN_WALK_BACK(line->at, conv->line_bytes);
    }
    for (uint32_t i = conv->left; i != 0; --i) {
        ESNN_WALK_BACK(line->at, conv->cell);
    }
}
