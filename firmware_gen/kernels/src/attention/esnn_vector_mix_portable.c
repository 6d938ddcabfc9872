#include "esnn_block.h"
#include "esnn_vector_attention.h"

void esnn_vector_mix_portable(const int16_t *context, uint32_t stride, const uint32_t *rows, const int32_t *threshold,
                              uint32_t *planes)
{
    int32_t sums[4u * ESNN_HEAD];
    int32_t *sum = sums;
    for (uint32_t t = 4; t != 0; --t) {
        const int16_t *row = context;
        for (uint32_t v = 0; v < ESNN_HEAD; ++v) {
            sum[v] = 0;
        }
        for (uint32_t bits = *rows++ >> 16; bits != 0; bits >>= 1) {
            if ((bits & 1u) != 0) {
                for (uint32_t v = 0; v < ESNN_HEAD; ++v) {
                    sum[v] += row[((v & 3u) << 2) + (v >> 2)];
                }
            }
            row += ESNN_HEAD;
        }
        sum += ESNN_HEAD;
        ESNN_WALK(context, stride);
    }
    (void)esnn_block_neuron_wide(sums, ESNN_HEAD, threshold, 0, planes);
}
