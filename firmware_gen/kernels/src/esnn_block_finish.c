#include "esnn_block.h"

/** Adds lane by lane, modulo 2^16. */
static inline uint32_t esnn_add_lanes(uint32_t a, uint32_t b)
{
#if ESNN_CHAIN_DSP
    __asm__("sadd16 %0, %0, %1" : "+r"(a) : "r"(b));
    return a;
#else
    return ((a & 0x7fff7fffu) + (b & 0x7fff7fffu)) ^ ((a ^ b) & 0x80008000u);
#endif
}

void esnn_block_finish(const esnn_finish_t *finish, const esnn_place_t *place, int16_t *sums, uint32_t first,
                       uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    const uint32_t offset = first << 1; /* of the block in a row of int16 */
    if (finish->residual != NULL) {
        const esnn_stream_t *stream = finish->residual;
        const uint8_t *from = arena + place->residual + offset;
        uint32_t *to = (uint32_t *)(void *)sums;
        for (uint32_t t = finish->steps; t != 0; --t) {
            const uint32_t *words = (const uint32_t *)(const void *)from;
            for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
                to[i] = esnn_add_lanes(to[i], words[i]);
            }
            to += ESNN_BLOCK / 2u;
            from += stream->step_stride;
        }
    }
    if (finish->store != NULL) {
        const esnn_stream_t *stream = finish->store;
        uint8_t *to = arena + place->store + offset;
        const uint32_t *from = (const uint32_t *)(const void *)sums;
        for (uint32_t t = stream->steps; t != 0; --t) {
            uint32_t *words = (uint32_t *)(void *)to;
            for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
                words[i] = from[i];
            }
            from += ESNN_BLOCK / 2u;
            to += stream->step_stride;
        }
    }
    if (finish->neuron != NULL) {
        const esnn_neuron_t *neuron = finish->neuron;
        uint32_t planes[8];
        const int16_t *threshold = neuron->narrow_threshold + first;
#if ESNN_CHAIN_DSP
        uint32_t any = neuron->lanes ? esnn_block_neuron_dsp(sums, threshold, neuron->ternary, planes)
                                     : esnn_block_neuron_portable(sums, threshold, neuron->ternary, planes);
#else
        uint32_t any = esnn_block_neuron_portable(sums, threshold, neuron->ternary, planes);
#endif
        if (channels != ESNN_BLOCK) {
            any = 0;
            for (uint32_t t = 0; t < (neuron->ternary ? 8u : 4u); ++t) {
                planes[t] &= (1u << channels) - 1u;
                any |= planes[t];
            }
        }
        esnn_block_emit(finish, place, planes, any, first, arena, counts);
    }
}
