#include "esnn_vector.h"

/** sums[16] += the rows of one part, from output `column` on. */
static void esnn_add_part(const esnn_run_t *run, int32_t lines, int32_t width, uint32_t part, uint32_t column,
                          int16_t *sums)
{
    for (; lines != 0; --lines) {
        for (const uint16_t *entry = run->from->part[part]; entry != run->from[width].part[part]; ++entry) {
            const intptr_t bytes = (intptr_t)*entry << 4;
            const int8_t *row = (const int8_t *)((uintptr_t)run->rows + (uintptr_t)bytes) + column;
            for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
                sums[c] = (int16_t)(uint16_t)((uint16_t)sums[c] + (uint32_t)row[c]);
            }
        }
        ++run;
    }
}

void esnn_vector_sums_portable(const esnn_vector_t *layer, const esnn_run_t *run, int16_t *sums)
{
    for (uint32_t column = 0; column != layer->blocks << 4; column += ESNN_BLOCK) {
        int16_t trunk[ESNN_BLOCK];
        for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
            trunk[c] = layer->bias[column + c];
        }
        for (uint32_t place = 0; place < 4u; ++place) {
            int16_t *branch = sums + layer->sum[place] + column;
            esnn_add_part(run, layer->kernel_height, layer->kernel_width, place << 1, column, trunk);
            for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
                branch[c] = trunk[c];
            }
            if (place < 3u) {
                esnn_add_part(run, layer->kernel_height, layer->kernel_width, (place << 1) + 1u, column, branch);
            }
        }
    }
}
