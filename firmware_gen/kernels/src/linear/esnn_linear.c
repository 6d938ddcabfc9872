#include "esnn_linear.h"

#include "esnn_rows.h"

esnn_status_t esnn_linear(const esnn_linear_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *spikes = arena + layer->input;
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *sums = (int32_t *)(void *)(arena + layer->scratch_acc);
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    for (uint32_t n = 0; n < layer->positions; ++n) {
        int32_t *acc = sums;
        for (uint32_t t = 0; t < layer->finish.timesteps; ++t) {
            for (uint32_t c = 0; c < layer->padded; ++c) {
                acc[c] = layer->bias[c];
            }
            esnn_add_spikes(acc, layer->weights, spikes, layer->row_bytes, layer->bit_rows, layer->ternary, rows,
                            layer->padded);
            ESNN_WALK(acc, layer->padded);
            ESNN_WALK(spikes, layer->step_stride);
        }
        esnn_finish(&layer->finish, &place, sums, layer->padded, 0, layer->channels, arena, counts);
        esnn_place_next(&layer->finish, &place);
    }
    return ESNN_OK;
}
