#include "esnn_vector_attention.h"

/** Adds K to the rows of the context that V gates; `sign` is 1 or -1. */
static void esnn_gate(const int16_t *key, const int16_t *clip, uint32_t bits, int32_t sign, int16_t *context)
{
    for (; bits != 0; bits >>= 1) {
        if ((bits & 1u) != 0) {
            for (uint32_t c = 0; c < ESNN_HEAD; ++c) {
                int32_t k = key[c] < 0 ? 0 : key[c];
                k = k > clip[c] ? clip[c] : k;
                context[c] = (int16_t)(uint16_t)((uint32_t)context[c] + (uint32_t)(sign < 0 ? -k : k));
            }
        }
        context += ESNN_HEAD;
    }
}

void esnn_vector_contexts_portable(const esnn_vector_attention_t *layer, const int16_t *keys, const uint8_t *value,
                                   int16_t *contexts)
{
    const uint32_t mask = ((1u << layer->width) - 1u) << 16;
    for (uint32_t t = 4; t != 0; --t) {
        const int16_t *clip = layer->clip;
        uint32_t first = 0;
        for (uint32_t head = layer->heads; head != 0; --head) {
            const uint8_t *at = value + (first >> 3);
            const uint32_t shift = 16u - (first & 7u);
            esnn_gate(keys, clip, esnn_head_bits(at, shift, mask) >> 16, 1, contexts);
            if (layer->value_minus != 0) {
                esnn_gate(keys, clip, esnn_head_bits(at + layer->value_minus, shift, mask) >> 16, -1, contexts);
            }
            keys += ESNN_HEAD;
            clip += ESNN_HEAD;
            contexts += ESNN_CONTEXT;
            ESNN_WALK(first, layer->width);
        }
        ESNN_WALK(value, layer->value_step);
    }
}
