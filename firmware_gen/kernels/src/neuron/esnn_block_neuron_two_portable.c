#include "esnn_block.h"
#include "esnn_fire.h"

uint32_t esnn_block_neuron_two_portable(const int16_t *sums, const int16_t *threshold, uint8_t ternary,
                                        uint32_t *planes)
{
    return esnn_block_fire(sums, ESNN_BLOCK, threshold, 0, 0, ternary, planes);
}
