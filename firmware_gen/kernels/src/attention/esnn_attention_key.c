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
    uint32_t count = esnn_list_active(spikes, key->row_bytes, 0, key->bit_rows, rows);
    esnn_add_rows(row, head->weights, rows, count, layer->padded);
    if (key->ternary) {
        count = esnn_list_active(spikes + key->row_bytes, key->row_bytes, 0, key->bit_rows, rows);
        esnn_sub_rows(row, head->weights, rows, count, layer->padded);
    }
    for (uint32_t i = 0; i < layer->width; ++i) {
        const int32_t value = row[i] > 0 ? row[i] : 0;
        row[i] = value < *head->clip ? value : *head->clip;
    }
}
