#include "esnn_graded_add.h"

/** One code; what is hidden keeps compilers from working on several at once, for which an M0 has no registers. */
static inline uint8_t esnn_sum(const int32_t *of_a, const int32_t *of_b, uint8_t a, uint8_t b)
{
    int32_t sum = of_a[a];
#if !ESNN_THUMB2
    ESNN_HIDE(sum);
#endif
    sum += of_b[b];
#if !ESNN_THUMB2
    ESNN_HIDE(sum);
#endif
    return (uint8_t)ESNN_CODE(sum, ESNN_ADD_BITS, 0, 255);
}

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
        to[0] = esnn_sum(of_a, of_b, a[0], b[0]);
        to[1] = esnn_sum(of_a, of_b, a[1], b[1]);
        to[2] = esnn_sum(of_a, of_b, a[2], b[2]);
        to[3] = esnn_sum(of_a, of_b, a[3], b[3]);
        to[4] = esnn_sum(of_a, of_b, a[4], b[4]);
        to[5] = esnn_sum(of_a, of_b, a[5], b[5]);
        to[6] = esnn_sum(of_a, of_b, a[6], b[6]);
        to[7] = esnn_sum(of_a, of_b, a[7], b[7]);
        a += 8;
        b += 8;
        to += 8;
        ESNN_HIDE(to);
    }
    for (; left != 0; --left) {
        *to++ = esnn_sum(of_a, of_b, *a++, *b++);
        ESNN_HIDE(to);
    }
    if (layer->low != 0 || layer->high != 255) {
        for (uint8_t *at = output; at != to; ++at) {
            *at = *at < layer->low ? layer->low : *at > layer->high ? layer->high : *at;
        }
    }
    return ESNN_OK;
}
