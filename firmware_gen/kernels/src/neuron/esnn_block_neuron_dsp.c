#include "esnn_dsp.h"

#if ESNN_CHAIN_DSP

static uint32_t esnn_neurons_ternary(const uint32_t *sums, const uint32_t *theta, uint32_t *planes)
{
    uint32_t plus[4] = {0, 0, 0, 0};
    uint32_t minus[4] = {0, 0, 0, 0};
#pragma GCC unroll 8
    for (uint32_t pair = 0; pair < 8u; ++pair) {
        const uint32_t threshold = theta[pair];
        const uint32_t minus_threshold = esnn_negate(threshold);
        uint32_t membrane = 0;
#pragma GCC unroll 4
        for (uint32_t t = 0; t < 4u; ++t) {
            membrane = esnn_add(membrane, sums[pair + (t << 3)]);
            minus[t] |= esnn_fire_minus(&membrane, minus_threshold) << (pair << 1);
            plus[t] |= esnn_fire(&membrane, threshold) << (pair << 1);
        }
    }
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
