#include "esnn_vector_pixels.h"

#include <string.h>

#include "esnn_block.h"

/** A window of black pixels: its spikes, how many channels have fired by each step, and how often it was met. */
typedef struct {
    uint32_t planes[2];
    uint32_t fired[4];
    uint32_t known, times;
} esnn_black_t;

/** Whether the window holds black pixels only. */
static inline uint32_t esnn_is_black(const esnn_pixel_run_t *run, int32_t lines, int32_t width)
{
    for (; lines != 0; --lines) {
        if (run->from[0] != run->from[width]) {
            return 0;
        }
        ++run;
    }
    return 1;
}

/** Writes a block's spikes, or ORs them into pooling windows. */
static inline void esnn_put(const esnn_neuron_t *neuron, const esnn_place_t *place, const uint32_t *planes,
                            uint32_t byte, uint8_t *arena)
{
    if (neuron->window == NULL) {
        esnn_block_write(planes, arena + place->spikes + byte, neuron->step_stride);
    } else {
        esnn_vector_pool(neuron, place, (const uint8_t *)planes, 8, arena);
    }
}

/** All blocks of one position. */
static inline void esnn_pixel_position(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run,
                                       const esnn_place_t *place, uint8_t *arena, uint32_t *fired)
{
    const int16_t *start = layer->start;
    const int16_t *threshold = layer->threshold;
    uint32_t table = 0, byte = 0;
    for (uint32_t left = layer->blocks; left != 0; --left) {
        uint32_t planes[2];
        esnn_vector_pixel_block(run, layer->kernel_height, layer->kernel_width, table, start, threshold, planes,
                                fired);
        esnn_put(layer->finish.neuron, place, planes, byte, arena);
        table += layer->block_bytes;
        start += ESNN_BLOCK;
        threshold += 4u * ESNN_BLOCK;
        byte += 2;
    }
}

/** Lists a line, and marks the positions on both sides of it. */
static void esnn_list_line(const esnn_vector_pixels_t *layer, const uint8_t *pixels, uint32_t *list,
                           const uint32_t **marks)
{
    const uint32_t **first = marks + layer->left;
    esnn_vector_pixel_list(layer, pixels, list, first);
    while (marks != first) {
        *marks++ = *first;
    }
    marks += layer->width;
    for (uint32_t i = layer->right_marks; i != 0; --i) {
        marks[1] = *marks;
        ++marks;
    }
}

/** fired[k] += times * black[k], by adding. */
static void esnn_count_black(const esnn_black_t *black, uint32_t *fired)
{
    for (uint32_t k = 0; k < 4u; ++k) {
        uint32_t weight = black->fired[k];
        for (uint32_t times = black->times; times != 0; times >>= 1) {
            if ((times & 1u) != 0) {
                fired[k] += weight;
            }
            weight += weight;
        }
    }
}

/** One line of the output. */
static void esnn_pixel_line(const esnn_vector_pixels_t *layer, esnn_pixel_run_t *runs, esnn_place_t *place,
                            esnn_black_t *black, uint8_t *arena, uint32_t *fired)
{
    const esnn_neuron_t *neuron = layer->finish.neuron;
    for (int32_t j = layer->out_width; j != 0; --j) {
        if (black->known && esnn_is_black(runs, layer->kernel_height, layer->kernel_width)) {
            ++black->times;
            esnn_put(neuron, place, black->planes, 0, arena);
        } else {
            esnn_pixel_position(layer, runs, place, arena, fired);
        }
        esnn_pixel_run_t *run = runs;
        for (int32_t left = layer->kernel_height; left != 0; --left) {
            run->from += layer->stride_x;
            run->rows = (const uint8_t *)((uintptr_t)run->rows - (uintptr_t)(intptr_t)layer->step_rows);
            ++run;
        }
        place->spikes += neuron->position_stride;
        ++place->x;
    }
    place->x = 0;
    ++place->y;
}

esnn_status_t esnn_vector_pixels(const esnn_vector_pixels_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    uint32_t *lists[ESNN_VECTOR_LINES + 1u];
    const uint32_t **slots[ESNN_VECTOR_LINES + 1u]; /* a ring of lines; the last one lists nothing */
    uint32_t *list = (uint32_t *)(void *)(arena + layer->lists);
    const uint32_t **marks = (const uint32_t **)(void *)(arena + layer->marks);
    const uint32_t ring = (uint32_t)layer->kernel_height;
    for (uint32_t slot = 0; slot <= ring; ++slot) {
        lists[slot] = list;
        slots[slot] = marks;
        list += layer->line_pixels;
        marks += layer->line_marks;
    }
    memset(slots[ring], 0, (size_t)((uint8_t *)marks - (uint8_t *)slots[ring]));
    const uint8_t *pixels = arena + layer->input;
    uint32_t fired[4] = {0, 0, 0, 0};
    esnn_black_t black = {{0, 0}, {0, 0, 0, 0}, 0, 0};
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    if (layer->blocks == 1u) {
        esnn_vector_pixel_block(NULL, 0, 0, 0, layer->start, layer->threshold, black.planes, black.fired);
        black.known = 1;
    }
    int32_t y = -layer->top, listed = 0, oldest = 0;
    uint32_t front = 0, back = 0; /* slots of the oldest line, and of the next one to list */
    for (int32_t i = layer->out_height; i != 0; --i) {
        esnn_pixel_run_t runs[ESNN_VECTOR_LINES];
        esnn_pixel_run_t *end = runs;
        for (; listed < y + layer->kernel_height && listed < layer->height; ++listed) {
            esnn_list_line(layer, pixels, lists[back], slots[back]);
            back = back + 1u == ring ? 0 : back + 1u;
            pixels += layer->line_pixels;
        }
        for (; oldest < y; ++oldest) {
            front = front + 1u == ring ? 0 : front + 1u;
        }
        uint32_t slot = front;
        uintptr_t rows = (uintptr_t)layer->table + (uintptr_t)(intptr_t)layer->origin_rows;
        uint32_t line = (uint32_t)y;
        for (uint32_t left = ring; left != 0; --left) {
            const uint32_t inside = line < (uint32_t)layer->height; /* and not above it */
            end->from = (const uint32_t *const *)slots[inside ? slot : ring];
            end->rows = (const uint8_t *)rows;
            rows += (uintptr_t)(intptr_t)layer->line_rows;
            if (inside) {
                slot = slot + 1u == ring ? 0 : slot + 1u;
            }
            ++end;
            ++line;
        }
        esnn_pixel_line(layer, runs, &place, &black, arena, fired);
        y += layer->stride_y;
    }
    esnn_count_black(&black, fired);
    /* Fired by step k, and so at: every step; every second one; the third (or every one); the fourth, but not third.
     */
    uint32_t *counter = counts + layer->finish.neuron->counter;
    counter[0] += fired[0];
    counter[1] += fired[1];
    counter[2] += fired[2] - fired[1] + fired[0];
    counter[3] += fired[3] - fired[2] + fired[1];
    return ESNN_OK;
}
