#include "esnn_block.h"
#include "esnn_fire.h"

static uint32_t esnn_neurons_binary(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint32_t *planes)
{
    uint32_t a = 0, b = 0, c = 0, d = 0; /* planes of the four steps, in registers */
    uint32_t third = stride << 1;
    ESNN_HIDE(third);
    ESNN_WALK(third, stride);
    for (uint32_t bit = 1; bit != 1u << ESNN_BLOCK; bit <<= 1) {
        const int32_t theta = *threshold++;
        int32_t membrane = sums[0];
        esnn_fire(&membrane, theta, bit, &a);
        membrane = (membrane >> 1) + sums[stride];
        esnn_fire(&membrane, theta, bit, &b);
        membrane = (membrane >> 1) + sums[stride << 1];
        esnn_fire(&membrane, theta, bit, &c);
        membrane = (membrane >> 1) + sums[third];
        esnn_fire(&membrane, theta, bit, &d);
        ++sums;
    }
    planes[0] = a | b << 16;
    planes[1] = c | d << 16;
    return a | b | c | d;
}

static uint32_t esnn_neurons_ternary(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint32_t *planes)
{
    uint32_t third = stride << 1;
    ESNN_HIDE(third);
    ESNN_WALK(third, stride);
    uint32_t a = 0, b = 0, c = 0, d = 0;
    uint32_t e = 0, f = 0, g = 0, h = 0;
    for (uint32_t bit = 1; bit != 1u << ESNN_BLOCK; bit <<= 1) {
        const int32_t theta = *threshold++;
        int32_t membrane = sums[0];
        esnn_fire(&membrane, theta, bit, &a);
        esnn_fire_minus(&membrane, theta, bit, &e);
        membrane = (membrane >> 1) + sums[stride];
        esnn_fire(&membrane, theta, bit, &b);
        esnn_fire_minus(&membrane, theta, bit, &f);
        membrane = (membrane >> 1) + sums[stride << 1];
        esnn_fire(&membrane, theta, bit, &c);
        esnn_fire_minus(&membrane, theta, bit, &g);
        membrane = (membrane >> 1) + sums[third];
        esnn_fire(&membrane, theta, bit, &d);
        esnn_fire_minus(&membrane, theta, bit, &h);
        ++sums;
    }
    planes[0] = a | b << 16;
    planes[1] = c | d << 16;
    planes[2] = e | f << 16;
    planes[3] = g | h << 16;
    return a | b | c | d | e | f | g | h;
}

uint32_t esnn_block_neuron_wide_portable(const int32_t *sums, uint32_t stride, const int32_t *threshold,
                                         uint8_t ternary, uint32_t *planes)
{
    return ternary ? esnn_neurons_ternary(sums, stride, threshold, planes)
                   : esnn_neurons_binary(sums, stride, threshold, planes);
}
