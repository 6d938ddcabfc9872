#include "esnn_softmax.h"

#include <stddef.h>

#include "esnn_build.h"

#define ESNN_TWO_IN_Q2_29 (1 << 30)

/** x / 2^shift, rounded half away from zero; shift is 1 .. 31. */
static int32_t esnn_shifted(int32_t x, uint32_t shift)
{
    const int32_t mask = (int32_t)((1u << shift) - 1u);
    int32_t up = (x & mask) > (mask >> 1) + (x < 0);
    ESNN_HIDE(up); /* or compilers multiply by it */
    return (x >> shift) + up;
}

/** 1 / (1 + x) in Q0.31, x in Q0.31 from 0 to 1: three steps of Newton's method, in Q2.29. */
static int32_t esnn_reciprocal(int32_t x)
{
    const int32_t half = (int32_t)(((uint32_t)x + 0x7fffffffu + 1u) >> 1); /* (1 + x) / 2, rounded */
    int32_t found = 1515870810 + esnn_high_product(half, -1010580540);     /* 48 / 17, -32 / 17 */
    for (uint32_t i = 0; i < 3u; ++i) {
        const int32_t error = (1 << 29) - esnn_high_product(half, found);
        const int32_t change = esnn_high_product(found, error); /* Q4.27 */
        found += change >= 1 << 29 ? INT32_MAX : change <= -(1 << 29) ? INT32_MIN : (int32_t)((uint32_t)change << 2);
    }
    return found >= ESNN_TWO_IN_Q2_29 ? INT32_MAX : (int32_t)((uint32_t)found << 1);
}

esnn_status_t esnn_softmax(const esnn_softmax_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *from = arena + layer->input;
    uint8_t *to = arena + layer->output;
    for (uint32_t position = 0; position < layer->positions; ++position) {
        uint32_t most = 0;
        for (uint32_t c = 0; c < layer->channels; ++c) {
            most = from[c] > most ? from[c] : most;
        }
        const int32_t *largest = layer->powers + most;
        uint32_t sum = 0; /* Q12.19 */
        for (uint32_t c = 0; c < layer->channels; ++c) {
            sum += (uint32_t)esnn_shifted(*(largest - from[c]), 12);
        }
        uint32_t shift = 35; /* of the quotient, until the sum's highest bit stands at the top */
        for (; (sum >> 31) == 0; sum <<= 1) {
            --shift;
            ESNN_HIDE(shift);
        }
        const int32_t scale = esnn_reciprocal((int32_t)(sum - (1u << 31)));
        for (uint32_t c = 0; c < layer->channels; ++c) {
            const int32_t code =
                shift > 31u ? 0 : esnn_shifted(esnn_high_product(scale, *(largest - from[c])), shift);
            to[c] = (uint8_t)(code > 255 ? 255 : code);
        }
        ESNN_WALK(from, layer->channels);
        ESNN_WALK(to, layer->channels);
    }
    return ESNN_OK;
}
