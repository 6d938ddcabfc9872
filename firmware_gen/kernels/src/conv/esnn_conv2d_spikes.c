#include "esnn_conv.h"
#include "esnn_rows.h"

/** Lists the rows of the active inputs in the window at (y, x); `at` is the window's first byte. */
static uint32_t esnn_list_window(const esnn_conv2d_t *layer, const uint8_t *spikes, int32_t y, int32_t x, int32_t at,
                                 uint16_t *rows)
{
    uint32_t count = 0;
    uint32_t tap = 0;
    for (int32_t a = 0; a < layer->shape.kernel_height; ++a) {
        int32_t position = at;
        for (int32_t b = 0; b < layer->shape.kernel_width; ++b) {
            if (esnn_is_inside(&layer->shape, y + a, x + b)) {
                count += esnn_list_active(spikes + position, layer->row_bytes, tap, layer->bit_rows, rows + count);
            }
            ESNN_WALK(tap, layer->tap_units);
            ESNN_WALK(position, layer->shape.position_stride);
        }
        ESNN_WALK(at, layer->shape.line_stride);
    }
    return count;
}

esnn_status_t esnn_conv2d_spikes(const esnn_conv2d_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *sums = (int32_t *)(void *)(arena + layer->scratch_acc);
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    for (esnn_view_t view = esnn_view_first(&layer->shape); view.lines != 0; esnn_view_next(&layer->shape, &view)) {
        const uint8_t *spikes = arena + layer->input;
        int32_t *acc = sums;
        for (uint32_t t = 0; t < layer->finish.steps; ++t) {
            for (uint32_t c = 0; c < layer->padded; ++c) {
                acc[c] = layer->bias[c];
            }
            uint32_t count = esnn_list_window(layer, spikes, view.y, view.x, view.at, rows);
            esnn_add_rows(acc, layer->weights, rows, count, layer->padded);
            if (layer->ternary) {
                count = esnn_list_window(layer, spikes + layer->row_bytes, view.y, view.x, view.at, rows);
                esnn_sub_rows(acc, layer->weights, rows, count, layer->padded);
            }
            ESNN_WALK(acc, layer->padded);
            ESNN_WALK(spikes, layer->step_stride);
        }
        esnn_finish(&layer->finish, &place, sums, layer->padded, 0, layer->channels, arena, counts);
        esnn_place_next(&layer->finish, &place);
    }
    return ESNN_OK;
}
