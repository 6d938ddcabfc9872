#include "esnn_attention.h"

void esnn_head_next(const esnn_attention_t *layer, esnn_head_t *head)
{
    head->first += layer->width;
    if (layer->key.weights != NULL) {
        head->weights += layer->key.head_bytes;
        head->bias += layer->padded;
        head->clip += 1;
    }
}
