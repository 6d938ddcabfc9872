#include "esnn_graded_add.h"
#include "esnn_graded_steps.h"

esnn_status_t esnn_graded_add_steps(const esnn_graded_add_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *a = arena + layer->a, *b = arena + layer->b;
    uint8_t *to = arena + layer->output;
    for (uint32_t left = layer->count; left != 0; --left) {
        *to++ = (uint8_t)esnn_steps_up_to(layer->steps, layer->of_a[*a++] + layer->of_b[*b++]);
        ESNN_HIDE(to);
    }
    return ESNN_OK;
}
