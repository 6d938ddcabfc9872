#include <stddef.h>

#include "esnn_graded_pool.h"
#include "esnn_graded_steps.h"

esnn_status_t esnn_graded_mean(const esnn_graded_mean_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *from = arena + layer->input;
    uint8_t *to = arena + layer->output;
    for (uint32_t group = layer->groups; group != 0; --group) {
        const uint8_t *at = from;
        for (uint32_t c = layer->channels; c != 0; --c) {
            int32_t sum = 0;
            at = from++;
            for (uint32_t i = layer->positions; i != 0; --i) {
                sum += *at;
                ESNN_WALK(at, layer->channels);
            }
            *to++ = (uint8_t)esnn_steps_up_to(layer->steps, sum);
        }
        from = at - layer->channels + 1; /* behind the last channel's last position */
    }
    return ESNN_OK;
}
