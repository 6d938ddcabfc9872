#include <string.h>

#include "esnn_finish.h"

void esnn_finish_begin(const esnn_finish_t *finish, uint8_t *arena)
{
    if (finish->neuron != NULL) {
        memset(arena + finish->neuron->offset, 0, finish->neuron->bytes);
    }
    if (finish->pooled != NULL) {
        uint8_t *place = arena + finish->pooled->offset;
        const uint8_t *end = place + finish->pooled->bytes;
        if (finish->pooled->wide) {
            for (int32_t *value = (int32_t *)(void *)place; (const uint8_t *)value < end; ++value) {
                *value = INT32_MIN;
            }
        } else {
            for (int16_t *value = (int16_t *)(void *)place; (const uint8_t *)value < end; ++value) {
                *value = INT16_MIN;
            }
        }
    }
}
