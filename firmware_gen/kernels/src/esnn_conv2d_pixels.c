#include "esnn_conv.h"
#include "esnn_rows.h"

/** Lists the rows of the inputs in the window at (y, x) whose pixel has the bit set. */
static uint32_t esnn_list_pixels(const esnn_conv2d_t *layer, const uint8_t *image, int32_t y, int32_t x, int32_t at,
                                 uint32_t bit, uint16_t *rows)
{
    uint16_t *next = rows;
    uint32_t tap = 0;
    for (int32_t a = 0; a < layer->kernel_height; ++a) {
        int32_t pixel = at;
        for (int32_t b = 0; b < layer->kernel_width; ++b) {
            if (y + a >= 0 && y + a < layer->height && x + b >= 0 && x + b < layer->width) {
                /* Counted in rows, not in channels: gcc would multiply to find the last row. */
                const uint8_t *value = image + pixel;
                for (uint32_t row = tap; row != tap + layer->tap_units; row += layer->row_units) {
                    if ((*value++ >> bit) & 1u) {
                        *next++ = (uint16_t)row;
                    }
                }
            }
            tap += layer->tap_units;
            pixel += layer->position_stride;
        }
        at += layer->line_stride;
    }
    return (uint32_t)(next - rows);
}

esnn_status_t esnn_conv2d_pixels(const esnn_conv2d_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *image = arena + layer->input;
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch_acc);
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    int32_t line = layer->window_origin;
    int32_t y = -layer->top;
    for (int32_t i = 0; i < layer->out_height; ++i) {
        int32_t at = line;
        int32_t x = -layer->left;
        for (int32_t j = 0; j < layer->out_width; ++j) {
            for (uint32_t c = 0; c < layer->padded; ++c) {
                acc[c] = 0;
            }
            for (uint32_t bit = 8; bit-- > 0;) {
                for (uint32_t c = 0; c < layer->padded; ++c) {
                    acc[c] += acc[c];
                }
                uint32_t count = esnn_list_pixels(layer, image, y, x, at, bit, rows);
                esnn_add_rows(acc, layer->weights, rows, count, layer->padded);
            }
            for (uint32_t c = 0; c < layer->padded; ++c) {
                acc[c] += layer->bias[c];
            }
            esnn_finish(&layer->finish, &place, acc, layer->padded, 0, layer->channels, arena, counts);
            esnn_place_next(&layer->finish, &place);
            at += layer->window_step;
            x += layer->stride_x;
        }
        line += layer->window_line;
        y += layer->stride_y;
    }
    return ESNN_OK;
}
