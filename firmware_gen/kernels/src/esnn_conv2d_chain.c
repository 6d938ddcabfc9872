#include "esnn_conv.h"

/** Masks of the inputs in the window at (y, x); `at` is the window's first byte. Returns their end. */
static const uint32_t *esnn_window_masks(const esnn_conv2d_chain_t *layer, const uint8_t *spikes, int32_t y,
                                         int32_t x, int32_t at, uint32_t *masks)
{
    uint32_t row = 0;
    int32_t positions = layer->kernel_width;
    for (int32_t column = x; column < 0; ++column) { /* left of the image */
        at += layer->position_stride;
        row += layer->chain.inputs;
        --positions;
    }
    const int32_t over = x + layer->kernel_width - layer->width;
    if (over > 0) { /* right of it */
        positions -= over;
    }
    for (int32_t a = layer->kernel_height; a != 0; --a) {
        if ((uint32_t)y < (uint32_t)layer->height) {
            masks = esnn_chain_masks(&layer->chain, spikes + at, (uint32_t)positions, row, masks);
        }
        ++y;
        row += layer->line_rows;
        at += layer->line_stride;
    }
    return masks;
}

esnn_status_t esnn_conv2d_chain(const esnn_conv2d_chain_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    uint32_t *masks = (uint32_t *)(void *)(arena + layer->chain.masks);
    const uint8_t *spikes = arena + layer->input;
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    int32_t line = layer->window_origin;
    int32_t y = -layer->top;
    for (int32_t i = 0; i < layer->out_height; ++i) {
        int32_t at = line;
        int32_t x = -layer->left;
        for (int32_t j = 0; j < layer->out_width; ++j) {
            const uint32_t *end = esnn_window_masks(layer, spikes, y, x, at, masks);
            esnn_chain_finish(&layer->chain, &layer->finish, &place, end, arena, counts);
            esnn_place_next(&layer->finish, &place);
            at += layer->window_step;
            x += layer->stride_x;
        }
        line += layer->window_line;
        y += layer->stride_y;
    }
    return ESNN_OK;
}
