#include "esnn_vector_pixels.h"

#include "esnn_block.h"

/** Whether the runs list anything. */
static inline uint32_t esnn_is_black(const esnn_pixel_run_t *run, const esnn_pixel_run_t *end)
{
    for (; run != end; ++run) {
        if (run->from != run->to) {
            return 0;
        }
    }
    return 1;
}

/** Writes a block's spikes, or ORs them into pooling windows. */
static inline void esnn_put(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes,
                            uint32_t byte, uint8_t *arena)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const uint32_t stride = neuron->step_stride;
    if (neuron->window == NULL) {
        esnn_block_write(planes, arena + place->spikes + byte, stride);
    } else {
        esnn_vector_pool(neuron, place, (const uint8_t *)planes, 8, arena);
    }
}

/** All blocks of one position. `black`: two planes and four counts of a window of black pixels, and whether known. */
static void esnn_pixel_position(const esnn_vector_pixels_t *layer, esnn_pixel_run_t *run, const esnn_pixel_run_t *end,
                                const esnn_place_t *place, uint32_t *black, uint8_t *arena, uint32_t *fired)
{
    const uint32_t is_black = layer->blocks == 1u && esnn_is_black(run, end);
    if (is_black && black[6] != 0) {
        for (uint32_t k = 0; k < 4u; ++k) {
            fired[k] += black[2u + k];
        }
        esnn_put(&layer->finish, place, black, 0, arena);
        return;
    }
    const int16_t *start = layer->start;
    const int16_t *threshold = layer->threshold;
    uint32_t byte = 0;
    for (uint32_t left = layer->blocks; left != 0; --left) {
        uint32_t planes[2];
        const uint32_t before[4] = {fired[0], fired[1], fired[2], fired[3]};
        esnn_vector_pixel_block(run, end, start, threshold, planes, fired);
        esnn_put(&layer->finish, place, planes, byte, arena);
        if (is_black) {
            black[0] = planes[0];
            black[1] = planes[1];
            for (uint32_t k = 0; k < 4u; ++k) {
                black[2u + k] = fired[k] - before[k];
            }
            black[6] = 1;
        }
        for (esnn_pixel_run_t *item = run; item != end; ++item) {
            item->rows += layer->block_bytes;
        }
        start += ESNN_BLOCK;
        threshold += 4u * ESNN_BLOCK;
        byte += 2;
    }
}

esnn_status_t esnn_vector_pixels(const esnn_vector_pixels_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    uint32_t *lists[ESNN_VECTOR_LINES];
    const uint32_t **slots[ESNN_VECTOR_LINES];
    uint32_t *list = (uint32_t *)(void *)(arena + layer->lists);
    const uint32_t **marks = (const uint32_t **)(void *)(arena + layer->marks);
    for (int32_t slot = 0; slot < layer->kernel_height; ++slot) {
        lists[slot] = list;
        slots[slot] = marks;
        list += layer->line_pixels;
        marks += layer->width + 1;
    }
    const uint32_t slot_count = (uint32_t)layer->kernel_height;
    const uint8_t *pixels = arena + layer->input;
    uint32_t black[7] = {0, 0, 0, 0, 0, 0, 0};
    uint32_t fired[4] = {0, 0, 0, 0};
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    int32_t y = -layer->top, listed = 0, oldest = 0;
    uint32_t front = 0, back = 0; /* slots of the oldest line, and of the next one to list */
    for (int32_t i = layer->out_height; i != 0; --i) {
        const int32_t end_y = y + layer->kernel_height > layer->height ? layer->height : y + layer->kernel_height;
        for (; listed < end_y; ++listed) {
            esnn_vector_pixel_list(layer, pixels, lists[back], slots[back]);
            pixels += layer->line_pixels;
            back = back + 1u == slot_count ? 0 : back + 1u;
        }
        for (; oldest < y; ++oldest) {
            front = front + 1u == slot_count ? 0 : front + 1u;
        }
        uintptr_t first_rows = (uintptr_t)layer->table + (uintptr_t)(intptr_t)layer->origin_rows;
        for (int32_t line = y; line < 0; ++line) {
            first_rows += (uintptr_t)(intptr_t)layer->line_rows;
        }
        int32_t x = -layer->left;
        for (int32_t j = layer->out_width; j != 0; --j) {
            const int32_t from = x < 0 ? 0 : x;
            const int32_t to = x + layer->kernel_width > layer->width ? layer->width : x + layer->kernel_width;
            esnn_pixel_run_t runs[ESNN_VECTOR_LINES];
            esnn_pixel_run_t *run = runs;
            uintptr_t rows = first_rows;
            uint32_t slot = front;
            for (int32_t line = oldest; line < end_y; ++line) {
                run->from = slots[slot][from];
                run->to = slots[slot][to];
                run->rows = (const uint8_t *)rows;
                rows += (uintptr_t)(intptr_t)layer->line_rows;
                slot = slot + 1u == slot_count ? 0 : slot + 1u;
                ++run;
            }
            esnn_pixel_position(layer, runs, run, &place, black, arena, fired);
            esnn_place_next(&layer->finish, &place);
            x += layer->stride_x;
            first_rows -= (uintptr_t)(intptr_t)layer->step_rows;
        }
        y += layer->stride_y;
    }
    /* Fired by step k, and so at: every step; every second one; the third (or every one); the fourth, but not third. */
    uint32_t *counter = counts + layer->finish.neuron->counter;
    counter[0] += fired[0];
    counter[1] += fired[1];
    counter[2] += fired[2] - fired[1] + fired[0];
    counter[3] += fired[3] - fired[2] + fired[1];
    return ESNN_OK;
}
