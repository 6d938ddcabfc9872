#include "esnn_attention.h"
#include "esnn_rows.h"

void esnn_attention_key(const esnn_attention_t *layer, const esnn_head_t *head, const uint8_t *spikes, uint16_t *rows,
                        int32_t *row)
{
    const esnn_key_t *key = &layer->key;
    if (key->weights == NULL) {
        for (uint32_t i = 0; i < layer->width; ++i) {
            const uint32_t channel = head->first + i;
            row[i] = (spikes[channel >> 3] >> (channel & 7u)) & 1;
        }
        return;
    }
    for (uint32_t i = 0; i < layer->padded; ++i) {
        row[i] = head->bias[i];
    }
    esnn_add_spikes(row, head->weights, spikes, key->row_bytes, key->bit_rows, key->ternary, rows, layer->padded);
    for (uint32_t i = 0; i < layer->width; ++i) {
        const int32_t value = row[i] > 0 ? row[i] : 0;
        row[i] = value < *head->clip ? value : *head->clip;
    }
}
