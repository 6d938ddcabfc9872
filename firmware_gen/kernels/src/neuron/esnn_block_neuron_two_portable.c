#include "esnn_block.h"
#include "esnn_fire.h"

uint32_t esnn_block_neuron_two_portable(const int16_t *sums, const int16_t *threshold, uint8_t ternary,
                                        uint32_t *planes)
{
    uint32_t a = 0, b = 0, c = 0, d = 0; /* spikes of both steps, then those of -1 */
    for (uint32_t bit = 1; bit != 1u << ESNN_BLOCK; bit <<= 1) {
        const int32_t theta = *threshold++;
        int32_t membrane = sums[0];
        esnn_fire(&membrane, theta, bit, &a);
        if (ternary) {
            esnn_fire_minus(&membrane, theta, bit, &c);
        }
        membrane = (membrane >> 1) + sums[ESNN_BLOCK];
        esnn_fire(&membrane, theta, bit, &b);
        if (ternary) {
            esnn_fire_minus(&membrane, theta, bit, &d);
        }
        ++sums;
    }
    planes[0] = a | b << 16;
    if (ternary) {
        planes[1] = c | d << 16;
    }
    return a | b | c | d;
}
