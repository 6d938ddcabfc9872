#include "esnn_vector_pixels.h"

#include "esnn_block.h"

/** A window of black pixels: its spikes, how many channels have fired by each step, and how often it was met. */
typedef struct {
    uint32_t planes[2];
    uint32_t fired[4];
    uint32_t known, times;
} esnn_black_t;

/** Whether the window holds black pixels only. */
static inline uint32_t esnn_is_black(const esnn_pixel_run_t *run, int32_t lines, uint32_t span)
{
    for (int32_t line = 0; line < lines; ++line) {
        if (run->from[line] != run->from[span + (uint32_t)line]) {
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
    if (neuron->window == NULL) {
        esnn_block_write(planes, arena + place->spikes + byte, neuron->step_stride);
    } else {
        esnn_vector_pool(neuron, place, (const uint8_t *)planes, 8, arena);
    }
}

/** All blocks of one position. @param back  bytes from the rows of the run to those of the position. */
static inline void esnn_pixel_position(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *run, uintptr_t back,
                                       const esnn_place_t *place, uint8_t *arena, uint32_t *fired)
{
    const int16_t *start = layer->start;
    const int16_t *threshold = layer->threshold;
    uintptr_t table = 0 - back;
    uint32_t byte = 0;
    for (uint32_t left = layer->blocks; left != 0; --left) {
        uint32_t planes[2];
        esnn_vector_pixel_block(run, layer->kernel_height, layer->mark_window, table, start, threshold, planes,
                                fired);
        esnn_put(&layer->finish, place, planes, byte, arena);
        ESNN_WALK(table, layer->block_bytes);
        start += ESNN_BLOCK;
        threshold += 4u * ESNN_BLOCK;
        byte += 2;
    }
}

/** Lists a line in its slot, and marks the positions on both sides of it. */
static void esnn_list_line(const esnn_vector_pixels_t *layer, const uint8_t *pixels, uint32_t *list,
                           const uint32_t **marks)
{
    const int32_t step = layer->kernel_height;
    const uint32_t **first = marks;
    for (int32_t i = layer->left; i != 0; --i) {
        ESNN_WALK(first, step);
    }
    esnn_vector_pixel_list(layer, pixels, list, first);
    while (marks != first) {
        *marks = *first;
        ESNN_WALK(marks, step);
    }
    for (int32_t i = layer->width; i != 0; --i) {
        ESNN_WALK(marks, step);
    }
    for (uint32_t i = layer->right_marks; i != 0; --i) {
        marks[step] = *marks;
        ESNN_WALK(marks, step);
    }
}

/** Marks of a line outside of the image. */
static void esnn_blank_line(const esnn_vector_pixels_t *layer, const uint32_t **marks)
{
    for (uint32_t i = layer->line_marks; i != 0; --i) {
        *marks = NULL;
        ESNN_WALK(marks, layer->kernel_height);
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

/** One line of the output, block by block. */
static void esnn_pixel_line(const esnn_vector_pixels_t *layer, const esnn_pixel_run_t *first, esnn_place_t *place,
                            esnn_black_t *black, uint8_t *arena, uint32_t *fired)
{
    const esnn_neuron_t *neuron = layer->finish.neuron;
    esnn_pixel_run_t run = *first;
    uintptr_t back = 0;
    for (int32_t j = layer->out_width; j != 0; --j) {
        if (black->known && esnn_is_black(&run, layer->kernel_height, layer->mark_window)) {
            ++black->times;
            esnn_put(&layer->finish, place, black->planes, 0, arena);
        } else {
            esnn_pixel_position(layer, &run, back, place, arena, fired);
        }
        run.from += layer->mark_stride;
        ESNN_WALK(back, (uintptr_t)(intptr_t)layer->step_rows);
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
    const int32_t lines = layer->kernel_height;
    uint32_t *lists[ESNN_VECTOR_LINES]; /* of each slot */
    uint32_t *list = (uint32_t *)(void *)(arena + layer->lists);
    const uint32_t **marks = (const uint32_t **)(void *)(arena + layer->marks);
    for (int32_t slot = 0; slot < lines; ++slot) {
        esnn_blank_line(layer, marks + slot);
        lists[slot] = list;
        ESNN_WALK(list, layer->line_pixels);
    }
    const uint8_t *pixels = arena + layer->input;
    uint32_t *counter = counts + layer->finish.neuron->counter;
    uint32_t fired[4] = {0, 0, 0, 0};
    esnn_black_t black = {{0, 0}, {0, 0, 0, 0}, 0, 0};
    esnn_pixel_run_t run = {(const uint32_t *const *)marks, {NULL, NULL, NULL, NULL}};
    esnn_place_t place;
    esnn_vector_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    if (layer->blocks == 1u && !layer->narrow) {
        esnn_vector_pixel_block(&run, 0, 0, 0, layer->start, layer->threshold, black.planes, black.fired);
        black.known = 1;
    }
    int32_t top = -layer->top, behind = top; /* as in esnn_vector_layer() */
    int32_t slot = 0, oldest = 0;
    for (int32_t i = layer->out_height; i != 0; --i) {
        for (; behind != top + lines; ++behind) {
            if (behind >= layer->height) {
                esnn_blank_line(layer, marks + slot);
            } else if (behind >= 0) {
                esnn_list_line(layer, pixels, lists[slot], marks + slot);
                ESNN_WALK(pixels, layer->line_pixels);
            }
            slot = slot + 1 == lines ? 0 : slot + 1;
        }
        uintptr_t rows = (uintptr_t)layer->table + (uintptr_t)(intptr_t)layer->origin_rows;
        int32_t at = oldest;
        for (int32_t line = lines; line != 0; --line) {
            run.rows[at] = (const uint8_t *)rows;
            ESNN_WALK(rows, (uintptr_t)(intptr_t)layer->line_rows);
            at = at + 1 == lines ? 0 : at + 1;
        }
        if (layer->narrow) {
            uint32_t *spikes = (uint32_t *)(void *)(arena + place.spikes);
            esnn_vector_pixel_line(layer, &run, (uint32_t)layer->out_width, spikes);
            place.spikes += layer->line_spikes;
        } else {
            esnn_pixel_line(layer, &run, &place, &black, arena, fired);
        }
        ESNN_WALK(top, layer->stride_y);
        for (int32_t line = layer->stride_y; line != 0; --line) {
            oldest = oldest + 1 == lines ? 0 : oldest + 1;
        }
    }
    if (layer->narrow) {
        const esnn_neuron_t *neuron = layer->finish.neuron;
        esnn_vector_count((const uint32_t *)(const void *)(arena + neuron->offset), neuron->bytes >> 3, counter);
        return ESNN_OK;
    }
    esnn_count_black(&black, fired);
    /* Fired by step k, and so at: every step; every second one; the third (or every one); the fourth, but not third.
     */
    counter[0] += fired[0];
    counter[1] += fired[1];
    counter[2] += fired[2] - fired[1] + fired[0];
    counter[3] += fired[3] - fired[2] + fired[1];
    return ESNN_OK;
}
