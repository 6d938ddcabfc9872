#include "esnn_graded_conv.h"

uint32_t esnn_graded_enter(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena)
{
    const int32_t behind = line->top + (int32_t)conv->kernel_height;
    if (line->counted == behind) {
        return 0;
    }
    const int32_t y = line->counted;
    line->counted = y + 1;
    uint16_t *tally = (uint16_t *)(void *)(arena + conv->tally);
    if (y >= 0 && y < (int32_t)conv->height) {
        esnn_graded_tally(tally, line->entering, conv->line_bytes);
        ESNN_WALK(line->entering, conv->line_bytes);
        tally[conv->pad] = (uint16_t)(tally[conv->pad] + conv->outside);
    } else {
        tally[conv->pad] = (uint16_t)(conv->line_bytes + conv->outside);
    }
    uint16_t *size = (uint16_t *)(void *)(arena + conv->sizes);
    for (uint32_t i = line->slot; i != 0; --i) {
        ESNN_WALK(size, conv->lists);
    }
    line->slot = line->slot + 1u == conv->kernel_height ? 0 : line->slot + 1u;
    esnn_graded_sizes(conv, size, arena);
    return 1;
}
