#include "esnn_block.h"
#include "esnn_fire.h"

uint32_t esnn_block_neuron_wide_two(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                    uint32_t *planes)
{
    return esnn_block_fire(sums, stride, threshold, 1, 0, ternary, planes);
}
