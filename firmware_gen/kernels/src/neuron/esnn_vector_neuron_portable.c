#include "esnn_block.h"
#include "esnn_vector.h"

void esnn_vector_neuron_portable(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks,
                                 uint32_t positions, uint8_t *spikes, uint32_t *counter)
{
    const uint32_t row = blocks << 4;
    for (; positions != 0; --positions) {
        const int16_t *threshold = neuron->narrow_threshold;
        uint8_t *to = spikes;
        for (uint32_t left = blocks; left != 0; --left) {
            int16_t block[4u * ESNN_BLOCK];
            uint32_t planes[4];
            const int16_t *from = sums;
            for (uint32_t t = 0; t < 4u; ++t) {
                for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
                    block[(t << 4) + c] = from[c];
                }
                ESNN_WALK(from, row);
            }
            (void)esnn_block_neuron_portable(block, threshold, neuron->ternary, planes);
            esnn_block_write(planes, to, neuron->step_stride);
            esnn_block_count(planes, counter);
            if (neuron->ternary) {
                esnn_block_write(planes + 2, to + neuron->minus, neuron->step_stride);
                esnn_block_count(planes + 2, counter + 4);
            }
            sums += ESNN_BLOCK;
            threshold += ESNN_BLOCK;
            to += 2;
        }
        ESNN_WALK(sums, row << 1);
        ESNN_WALK(sums, row);
        ESNN_WALK(spikes, neuron->step_stride << 2);
    }
}
