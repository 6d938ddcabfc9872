#include "esnn_graded_conv.h"

void esnn_graded_part(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena)
{
    esnn_graded_see(conv, line, (line->windows + 1u) >> 1);
    line->part = ESNN_PART;
    uint16_t *tally = (uint16_t *)(void *)(arena + conv->tally);
    const uint8_t *first = line->at;
    uint32_t inside = 0, outside = 0; /* codes in a line */
    for (int32_t x = line->column; x != line->column + (int32_t)line->columns; ++x) {
        if (x < 0) {
            ESNN_WALK(first, conv->cell);
        }
        if (x < 0 || x >= (int32_t)conv->width) {
            ESNN_WALK(outside, conv->cell);
        } else {
            ESNN_WALK(inside, conv->cell);
        }
    }
    for (int32_t y = line->top; y != line->top + (int32_t)conv->kernel_height; ++y) {
        if (y >= 0 && y < (int32_t)conv->height) {
            esnn_graded_tally(tally, first, inside);
            tally[conv->pad] = (uint16_t)(tally[conv->pad] + outside);
        } else {
            tally[conv->pad] = (uint16_t)(tally[conv->pad] + inside + outside);
        }
        ESNN_WALK(first, conv->line_bytes);
    }
    uint16_t *size = (uint16_t *)(void *)(arena + conv->sizes);
    for (uint32_t i = conv->kernel_height; i != 0; --i) {
        ESNN_WALK(size, conv->lists);
    }
    esnn_graded_sizes(conv, size, arena);
}
