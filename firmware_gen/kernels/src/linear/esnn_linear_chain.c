#include "esnn_linear.h"

esnn_status_t esnn_linear_chain(const esnn_linear_chain_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *spikes = arena + layer->input;
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    esnn_chain_begin(&layer->chain, &layer->finish, arena);
    for (uint32_t n = layer->positions; n != 0; --n) {
        esnn_chain_list(&layer->chain, spikes, arena);
        esnn_chain_finish(&layer->chain, &layer->finish, &place, arena, counts);
        esnn_place_next(&layer->finish, &place);
        ESNN_WALK(spikes, layer->position_stride);
    }
    esnn_chain_end(&layer->chain, &layer->finish, arena, counts);
    return ESNN_OK;
}
