#include "esnn_graded_conv.h"

void esnn_graded_begin(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena)
{
    const uint8_t *codes = arena + conv->input;
    uint16_t *tally = (uint16_t *)(void *)(arena + conv->tally);
    for (uint32_t i = 0; i < 256u; ++i) {
        tally[i] = 0;
    }
    line->y = 0;
    line->window = 0;
    line->top = -(int32_t)conv->top;
    line->column = -(int32_t)conv->left;
    line->at = codes;
    for (uint32_t i = conv->top; i != 0; --i) {
        ESNN_WALK_BACK(line->at, conv->line_bytes);
    }
    for (uint32_t i = conv->left; i != 0; --i) {
        ESNN_WALK_BACK(line->at, conv->cell);
    }
    line->begin = line->at;
    line->counted = line->top;
    line->entering = codes;
    line->slot = 0;
    line->part = ESNN_PART_NONE;
    esnn_graded_see(conv, line, conv->out_width);
}
