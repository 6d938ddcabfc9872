#include <string.h>

#include "esnn_depthwise.h"

void esnn_depthwise_begin(const esnn_depthwise_t *layer, uint8_t *arena)
{
    memset(arena + layer->plane, layer->border, layer->plane_bytes);
}
