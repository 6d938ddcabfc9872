#include "esnn_dsp.h"

#if ESNN_CHAIN_DSP

static uint32_t esnn_neurons_ternary(const uint32_t *sums, const uint32_t *theta, uint32_t *planes)
{
    uint32_t plus[4] = {0, 0, 0, 0};
    uint32_t minus[4] = {0, 0, 0, 0};
    esnn_ternary_dsp(sums, theta, 4, plus, minus);
    planes[0] = esnn_fold(plus[0], plus[1]);
    planes[1] = esnn_fold(plus[2], plus[3]);
    planes[2] = esnn_fold(minus[0], minus[1]);
    planes[3] = esnn_fold(minus[2], minus[3]);
    return planes[0] | planes[1] | planes[2] | planes[3];
}

uint32_t esnn_block_neuron_dsp(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    const uint32_t *words = (const uint32_t *)(const void *)sums;
    const uint32_t *theta = (const uint32_t *)(const void *)threshold;
    return ternary ? esnn_neurons_ternary(words, theta, planes) : esnn_neurons_dsp(words, theta, planes);
}

#endif
