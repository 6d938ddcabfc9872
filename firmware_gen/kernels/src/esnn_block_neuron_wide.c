#include "esnn_block.h"

/** One neuron, all four steps; sets its bit in the planes of the steps at which it fires. */
static inline void esnn_fire_binary(const int32_t *sums, uint32_t stride, int32_t theta, uint32_t bit,
                                    uint32_t *planes)
{
    int32_t membrane = sums[0];
    for (uint32_t t = 0;;) {
        if (membrane >= theta) {
            planes[t] |= bit;
            membrane = 0;
        }
        if (++t == 4u) {
            return;
        }
        sums += stride;
        membrane = (membrane >> 1) + *sums;
    }
}

static inline void esnn_fire_ternary(const int32_t *sums, uint32_t stride, int32_t theta, uint32_t bit,
                                     uint32_t *planes)
{
    int32_t membrane = sums[0];
    for (uint32_t t = 0;;) {
        if (membrane >= theta) {
            planes[t] |= bit;
            membrane = 0;
        } else if (membrane <= -theta) {
            planes[t + 4u] |= bit;
            membrane = 0;
        }
        if (++t == 4u) {
            return;
        }
        sums += stride;
        membrane = (membrane >> 1) + *sums;
    }
}

uint32_t esnn_block_neuron_wide(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                uint32_t *planes)
{
    uint32_t fired[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    uint32_t any = 0;
    if (ternary) {
        for (uint32_t bit = 1; bit != 1u << ESNN_BLOCK; bit <<= 1) {
            esnn_fire_ternary(sums++, stride, *threshold++, bit, fired);
        }
    } else {
        for (uint32_t bit = 1; bit != 1u << ESNN_BLOCK; bit <<= 1) {
            esnn_fire_binary(sums++, stride, *threshold++, bit, fired);
        }
    }
    for (uint32_t t = 0; t < 8u; ++t) {
        planes[t] = fired[t];
        any |= fired[t];
    }
    return any;
}
