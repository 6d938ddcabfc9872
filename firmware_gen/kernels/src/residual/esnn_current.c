#include "esnn_residual.h"

esnn_status_t esnn_current(const esnn_current_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_stream_t *source = &layer->source;
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch);
    uint32_t at = source->offset;
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    for (uint32_t n = 0; n < layer->positions; ++n) {
        int32_t *to = acc;
        uint32_t from = at;
        for (uint32_t t = 0; t < layer->finish.steps; ++t) {
            const int32_t *wide = (const int32_t *)(const void *)(arena + from);
            const int16_t *narrow = (const int16_t *)(const void *)(arena + from);
            for (uint32_t c = 0; c < layer->channels; ++c) {
                to[c] = source->wide ? wide[c] : narrow[c];
            }
            ESNN_WALK(to, layer->channels);
            ESNN_WALK(from, source->step_stride);
        }
        esnn_finish(&layer->finish, &place, acc, layer->channels, 0, layer->channels, arena, counts);
        esnn_place_next(&layer->finish, &place);
        ESNN_WALK(at, source->position_stride);
    }
    return ESNN_OK;
}
