#include "esnn_vector_pixels.h"

#define ESNN_LANES 8u

static void esnn_add_row(int16_t *sums, uintptr_t row)
{
    const int16_t *from = (const int16_t *)row;
    for (uint32_t c = 0; c < ESNN_LANES; ++c) {
        sums[c] = (int16_t)(sums[c] + from[c]);
    }
}

static int32_t esnn_saturate(int32_t value)
{
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
}

/** Channels of one position that have fired by each step. @param from  marks. @param back  as in the next function */
static void esnn_position(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run, const uint32_t *const *from,
                          uintptr_t back, uint32_t *by)
{
    int16_t upper[ESNN_LANES];
    int16_t lower[ESNN_LANES];
    for (uint32_t c = 0; c < ESNN_LANES; ++c) {
        upper[c] = layer->start[c];
        lower[c] = 0;
    }
    for (int32_t line = 0; line < layer->kernel_height; ++line) {
        const uintptr_t rows = (uintptr_t)run->rows[line] - back;
        for (const uint32_t *entry = from[line]; entry != from[layer->mark_window + (uint32_t)line]; ++entry) {
            esnn_add_row(upper, rows + (*entry >> 16));
            esnn_add_row(lower, rows + (*entry & 0xffffu));
        }
    }
    const int16_t *threshold = layer->threshold;
    for (uint32_t k = 0; k < 4u; ++k) {
        by[k] = 0;
        for (uint32_t c = 0; c < ESNN_LANES; ++c) {
            const int32_t high = esnn_saturate((int32_t)((uint32_t)(int32_t)upper[c] << 4));
            by[k] |= (uint32_t)(esnn_saturate(high + lower[c]) >= *threshold++) << c;
        }
    }
}

void esnn_vector_pixel_line_portable(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run, uint32_t count,
                                     uint32_t *spikes)
{
    const uint32_t *const *from = run->from;
    uintptr_t back = 0; /* bytes from the rows of the run to those of the position */
    for (; count != 0; --count) {
        uint32_t by[4];
        esnn_position(layer, run, from, back, by);
        const uint32_t third = by[2] & ~by[1]; /* those that fire at every third step */
        spikes[0] = by[0] | by[1] << 16;
        spikes[1] = by[0] | third | (by[3] & ~third) << 16;
        spikes += 2;
        ESNN_WALK(from, layer->mark_stride);
        ESNN_WALK(back, (uintptr_t)(intptr_t)layer->step_rows);
    }
}
