#include "esnn_codes.h"

#include <stddef.h>

esnn_status_t esnn_codes(const esnn_codes_t *layer, const uint8_t *arena, int32_t *logits)
{
    if (layer == NULL || arena == NULL || logits == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *from = arena + layer->input;
    for (uint32_t i = 0; i < layer->count; ++i) {
        logits[i] = (int32_t)from[i] - 128;
    }
    return ESNN_OK;
}
