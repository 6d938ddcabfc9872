#include "esnn_graded_add.h"

#define ESNN_SUM_CODE(sum) (uint8_t)ESNN_CODE(sum, ESNN_ADD_BITS, 0, 255)

esnn_status_t esnn_graded_add(const esnn_graded_add_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const int32_t *of_a = layer->of_a, *of_b = layer->of_b;
    const uint8_t *a = arena + layer->a, *b = arena + layer->b;
    uint8_t *const output = arena + layer->output, *to = output;
    uint32_t left = layer->count;
    for (; left >= 8u; left -= 8u) {
        to[0] = ESNN_SUM_CODE(of_a[a[0]] + of_b[b[0]]);
        to[1] = ESNN_SUM_CODE(of_a[a[1]] + of_b[b[1]]);
        to[2] = ESNN_SUM_CODE(of_a[a[2]] + of_b[b[2]]);
        to[3] = ESNN_SUM_CODE(of_a[a[3]] + of_b[b[3]]);
        to[4] = ESNN_SUM_CODE(of_a[a[4]] + of_b[b[4]]);
        to[5] = ESNN_SUM_CODE(of_a[a[5]] + of_b[b[5]]);
        to[6] = ESNN_SUM_CODE(of_a[a[6]] + of_b[b[6]]);
        to[7] = ESNN_SUM_CODE(of_a[a[7]] + of_b[b[7]]);
        a += 8;
        b += 8;
        to += 8;
        ESNN_HIDE(to);
    }
    for (; left != 0; --left) {
        *to++ = ESNN_SUM_CODE(of_a[*a++] + of_b[*b++]);
        ESNN_HIDE(to);
    }
    if (layer->low != 0 || layer->high != 255) {
        for (uint8_t *at = output; at != to; ++at) {
            *at = *at < layer->low ? layer->low : *at > layer->high ? layer->high : *at;
        }
    }
    return ESNN_OK;
}
