#include "esnn_pool.h"

#include <string.h>

esnn_status_t esnn_pool_spikes(const esnn_pool_spikes_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *from = arena + layer->input;
    memset(arena + layer->output, 0, layer->output_bytes);
    for (uint32_t y = 0; y < layer->height; ++y) {
        const esnn_span_t *rows = &layer->window.rows[y];
        for (uint32_t x = 0; x < layer->width; ++x) {
            const esnn_span_t *columns = &layer->window.columns[x];
            uint32_t line = layer->output + rows->offset + columns->offset;
            for (uint32_t i = 0; i < rows->count; ++i) {
                uint32_t position = line;
                for (uint32_t j = 0; j < columns->count; ++j) {
                    for (uint32_t k = 0; k < layer->row_bytes; ++k) {
                        arena[position + k] |= from[k];
                    }
                    ESNN_WALK(position, layer->window.position_stride);
                }
                ESNN_WALK(line, layer->window.row_stride);
            }
            ESNN_WALK(from, layer->row_bytes);
        }
    }
    return ESNN_OK;
}
