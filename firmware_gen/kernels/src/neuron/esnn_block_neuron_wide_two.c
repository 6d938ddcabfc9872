#include "esnn_block.h"
#include "esnn_fire.h"

uint32_t esnn_block_neuron_wide_two(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                    uint32_t *planes)
{
    uint32_t a = 0, b = 0, c = 0, d = 0; /* spikes of both steps, then those of -1 */
    const int32_t *late = sums + stride;
    for (uint32_t bit = 1; bit != 1u << ESNN_BLOCK; bit <<= 1) {
        const int32_t theta = *threshold++;
        int32_t membrane = *sums++;
        esnn_fire(&membrane, theta, bit, &a);
        if (ternary) {
            esnn_fire_minus(&membrane, theta, bit, &c);
        }
        membrane = (membrane >> 1) + *late++;
        esnn_fire(&membrane, theta, bit, &b);
        if (ternary) {
            esnn_fire_minus(&membrane, theta, bit, &d);
        }
    }
    planes[0] = a | b << 16;
    if (ternary) {
        planes[1] = c | d << 16;
    }
    return a | b | c | d;
}
