#include "esnn_lookup.h"

#include <stddef.h>

#include "esnn_build.h"

esnn_status_t esnn_lookup(const esnn_lookup_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *table = layer->table, *from = arena + layer->input;
    uint8_t *to = arena + layer->output;
    uint32_t left = layer->count;
    for (; left >= 8u; left -= 8u) {
        to[0] = table[from[0]];
        to[1] = table[from[1]];
        to[2] = table[from[2]];
        to[3] = table[from[3]];
        to[4] = table[from[4]];
        to[5] = table[from[5]];
        to[6] = table[from[6]];
        to[7] = table[from[7]];
        from += 8;
        to += 8;
        ESNN_HIDE(to);
    }
    for (; left != 0; --left) {
        *to++ = table[*from++];
        ESNN_HIDE(to);
    }
    return ESNN_OK;
}
