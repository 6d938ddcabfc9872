#include "esnn_conv.h"
#include "esnn_rows.h"

/** Collects the pixels in the window at (y, x) and their rows; returns their number and, in `any`, their OR. */
static uint32_t esnn_collect(const esnn_conv2d_t *layer, const uint8_t *image, int32_t y, int32_t x, int32_t at,
                             uint8_t *pixels, uint16_t *rows, uint32_t *any)
{
    uint32_t count = 0;
    uint32_t tap = 0;
    *any = 0;
    for (int32_t a = 0; a < layer->shape.kernel_height; ++a) {
        int32_t pixel = at;
        for (int32_t b = 0; b < layer->shape.kernel_width; ++b) {
            if (esnn_is_inside(&layer->shape, y + a, x + b)) {
                const uint8_t *value = image + pixel;
                for (uint32_t row = tap; row != tap + layer->tap_units; row += layer->row_units) {
                    if (*value != 0) { /* a black pixel adds nothing in any plane */
                        *any |= *value;
                        pixels[count] = *value;
                        rows[count] = (uint16_t)row;
                        ++count;
                    }
                    ++value;
                }
            }
            ESNN_WALK(tap, layer->tap_units);
            ESNN_WALK(pixel, layer->shape.position_stride);
        }
        ESNN_WALK(at, layer->shape.line_stride);
    }
    return count;
}

/** acc = sum of pixel * row, by bit-planes; `active` has room for `count` rows. */
static void esnn_planes(const esnn_conv2d_t *layer, const uint8_t *pixels, const uint16_t *rows, uint32_t count,
                        uint32_t any, uint16_t *active, int32_t *acc)
{
    uint32_t bit = 8;
    while (bit != 0 && ((any >> (bit - 1u)) & 1u) == 0) {
        --bit; /* planes above the brightest pixel are empty */
    }
    while (bit-- != 0) {
        uint16_t *next = active;
        for (uint32_t c = 0; c < layer->padded; ++c) {
            ESNN_HIDE(c);
            acc[c] += acc[c];
        }
        for (uint32_t i = 0; i < count; ++i) {
            ESNN_HIDE(i);
            if ((pixels[i] >> bit) & 1u) {
                *next++ = rows[i];
            }
        }
        esnn_add_rows(acc, layer->weights, active, (uint32_t)(next - active), layer->padded);
    }
}

esnn_status_t esnn_conv2d_pixels(const esnn_conv2d_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *image = arena + layer->input;
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    uint16_t *active = rows + layer->window_inputs;
    uint8_t *pixels = (uint8_t *)(active + layer->window_inputs);
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch_acc);
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    for (esnn_view_t view = esnn_view_first(&layer->shape); view.lines != 0; esnn_view_next(&layer->shape, &view)) {
        for (uint32_t c = 0; c < layer->padded; ++c) {
            acc[c] = 0;
        }
        uint32_t any;
        const uint32_t count = esnn_collect(layer, image, view.y, view.x, view.at, pixels, rows, &any);
        esnn_planes(layer, pixels, rows, count, any, active, acc);
        for (uint32_t c = 0; c < layer->padded; ++c) {
            acc[c] += layer->bias[c];
        }
        esnn_finish(&layer->finish, &place, acc, layer->padded, 0, layer->channels, arena, counts);
        esnn_place_next(&layer->finish, &place);
    }
    return ESNN_OK;
}
