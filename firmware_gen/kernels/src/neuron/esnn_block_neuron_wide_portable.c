#include "esnn_block.h"
#include "esnn_fire.h"

uint32_t esnn_block_neuron_wide_portable(const int32_t *sums, uint32_t stride, const int32_t *threshold,
                                         uint8_t ternary, uint32_t *planes)
{
    return ternary ? esnn_block_fire(sums, stride, threshold, 1, 1, 1, planes)
                   : esnn_block_fire(sums, stride, threshold, 1, 1, 0, planes);
}
