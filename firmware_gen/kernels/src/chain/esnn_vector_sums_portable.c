#include "esnn_vector.h"

/** sums[8] += the rows of one part of all lines, from output `column` on. */
static void esnn_add_part(const esnn_vector_t *layer, const esnn_run_t *run, uint16_t *const *from, uint32_t back,
                          uint32_t column, int16_t *sums)
{
    for (int32_t line = 0; line < layer->kernel_height; ++line) {
        for (const uint16_t *entry = from[line]; entry != from[layer->mark_window + (uint32_t)line]; ++entry) {
            const uintptr_t bytes = ((uintptr_t)*entry << 4) - back + column;
            const int8_t *row = (const int8_t *)((uintptr_t)run->rows[line] + bytes);
            for (uint32_t c = 0; c < 8u; ++c) {
                sums[c] = (int16_t)(uint16_t)((uint16_t)sums[c] + (uint32_t)row[c]);
            }
        }
    }
}

void esnn_vector_sums_portable(const esnn_vector_t *layer, const esnn_run_t *run, uint32_t count, int16_t *sums)
{
    uint16_t *const *from = run->from;
    uint32_t back = 0; /* bytes from the row of an entry in the first window to that in this one */
    const uint32_t end = layer->vectors < 2u ? ESNN_BLOCK : layer->vectors << 3;
    for (; count != 0; --count) {
        for (uint32_t column = 0; column < end; column += 8u) {
            int16_t trunk[8];
            for (uint32_t c = 0; c < 8u; ++c) {
                trunk[c] = layer->bias[column + c];
            }
            uint16_t *const *part = from;
            for (uint32_t place = 0; place < 4u; ++place) {
                int16_t *branch = sums + layer->sum[place] + column;
                esnn_add_part(layer, run, part, back, column, trunk);
                ESNN_WALK(part, layer->kernel_height);
                for (uint32_t c = 0; c < 8u; ++c) {
                    branch[c] = trunk[c];
                }
                if (place < 3u) {
                    esnn_add_part(layer, run, part, back, column, branch);
                    ESNN_WALK(part, layer->kernel_height);
                }
            }
        }
        ESNN_WALK(from, layer->mark_stride);
        ESNN_WALK(back, (uint32_t)layer->step_rows);
        ESNN_WALK(sums, layer->blocks << 6);
    }
}
