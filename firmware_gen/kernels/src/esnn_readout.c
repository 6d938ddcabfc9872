#include "esnn_readout.h"

#include "esnn_rows.h"

esnn_status_t esnn_readout(const esnn_readout_t *layer, uint8_t *arena, int32_t *logits)
{
    if (layer == NULL || arena == NULL || logits == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *spikes = arena + layer->input;
    uint16_t *rows = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch_acc);
    for (uint32_t c = 0; c < layer->padded; ++c) {
        acc[c] = layer->bias[c];
    }
    uint32_t count = 0; /* rows that are listed, of any number of steps, and not yet added */
    for (uint32_t n = 0; n < layer->rows; ++n) {
        count += esnn_list_active(spikes, layer->row_bytes, 0, layer->bit_rows, rows + count);
        if (count > layer->spare_rows) {
            esnn_add_rows(acc, layer->weights, rows, count, layer->padded);
            count = 0;
        }
        if (layer->ternary) {
            uint16_t *minus = rows + count;
            const uint32_t fewer =
                esnn_list_active(spikes + layer->row_bytes, layer->row_bytes, 0, layer->bit_rows, minus);
            esnn_sub_rows(acc, layer->weights, minus, fewer, layer->padded);
        }
        spikes += layer->step_stride;
    }
    esnn_add_rows(acc, layer->weights, rows, count, layer->padded);
    for (uint32_t c = 0; c < layer->classes; ++c) {
        logits[c] = acc[c];
    }
    return ESNN_OK;
}
