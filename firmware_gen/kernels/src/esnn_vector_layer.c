#include <string.h>

#include "esnn_vector.h"

/** Steps of a place from one position to the next. */
typedef struct {
    uint32_t residual, store, spikes, width;
} esnn_steps_t;

static esnn_steps_t esnn_place_steps(const esnn_finish_t *finish)
{
    const esnn_steps_t steps = {
        finish->residual != NULL ? finish->residual->position_stride : 0,
        finish->store != NULL ? finish->store->position_stride : 0,
        finish->neuron != NULL ? finish->neuron->position_stride : 0,
        finish->width,
    };
    return steps;
}

static inline void esnn_step(const esnn_steps_t *steps, esnn_place_t *place)
{
    place->residual += steps->residual;
    place->store += steps->store;
    place->spikes += steps->spikes;
    if (++place->x == steps->width) {
        place->x = 0;
        ++place->y;
    }
}

/** Residual, store and neuron behind the sums of one position. */
static inline void esnn_vector_end(const esnn_vector_t *layer, const esnn_finish_t *finish, const esnn_place_t *place,
                                   uint8_t *arena, uint32_t *counts)
{
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    if (finish->residual != NULL || finish->store != NULL) {
        esnn_vector_stream(finish, sums, layer->blocks, arena + place->residual, arena + place->store);
    }
    if (finish->pooled != NULL) {
        esnn_vector_pool_max(finish, place, sums, layer->blocks, arena);
    }
    const esnn_neuron_t *neuron = finish->neuron;
    if (neuron != NULL) {
        uint8_t *spikes = arena + (neuron->window == NULL ? place->spikes : layer->row);
        esnn_vector_neuron(neuron, sums, layer->blocks, spikes, counts + neuron->counter);
        if (neuron->window != NULL) {
            esnn_vector_pool(neuron, place, spikes, neuron->step_stride << 2, arena);
        }
    }
}

/** Lines of one position: every position is a window, and listed when its turn comes. */
static void esnn_run_1x1(const esnn_vector_t *layer, const esnn_finish_t *finish, esnn_place_t *place, uint8_t *arena,
                         uint32_t *counts)
{
    const esnn_steps_t steps = esnn_place_steps(finish);
    const uint8_t *spikes = arena + layer->input;
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    esnn_marks_t *marks = (esnn_marks_t *)(void *)(arena + layer->marks);
    for (int32_t n = layer->out_height; n != 0; --n) {
        esnn_run_t run = {marks, layer->weights};
        esnn_vector_list(layer, spikes, arena + layer->lists, marks);
        esnn_vector_sums(layer, &run, sums);
        esnn_vector_end(layer, finish, place, arena, counts);
        esnn_step(&steps, place);
        spikes += layer->position_bytes;
    }
}

/** Lists a line, and marks the positions on both sides of it. */
static void esnn_list_line(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, esnn_marks_t *marks)
{
    esnn_marks_t *first = marks + layer->left;
    esnn_vector_list(layer, spikes, lists, first);
    while (marks != first) {
        *marks++ = *first;
    }
    marks += layer->width;
    for (uint32_t i = layer->right_marks; i != 0; --i) {
        marks[1] = *marks;
        ++marks;
    }
}

static void esnn_run_windows(const esnn_vector_t *layer, const esnn_finish_t *finish, esnn_place_t *place,
                             uint8_t *arena, uint32_t *counts)
{
    const esnn_steps_t steps = esnn_place_steps(finish);
    esnn_marks_t *slots[ESNN_VECTOR_LINES + 1u]; /* a ring of lines; the last one lists nothing */
    uint8_t *lists[ESNN_VECTOR_LINES + 1u];
    const uint32_t ring = (uint32_t)layer->kernel_height;
    esnn_marks_t *marks = (esnn_marks_t *)(void *)(arena + layer->marks);
    uint8_t *list = arena + layer->lists;
    for (uint32_t slot = 0; slot <= ring; ++slot) {
        slots[slot] = marks;
        lists[slot] = list;
        marks += layer->line_marks;
        list += layer->line_list_bytes;
    }
    memset(slots[ring], 0, (size_t)((uint8_t *)marks - (uint8_t *)slots[ring]));
    const uint8_t *spikes = arena + layer->input;
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    int32_t y = -layer->top;
    int32_t listed = 0, oldest = 0; /* lines: the next to list, and the first that is still there */
    uint32_t front = 0, back = 0;   /* slots of the oldest line, and of the next one */
    for (int32_t i = layer->out_height; i != 0; --i) {
        esnn_run_t runs[ESNN_VECTOR_LINES];
        esnn_run_t *end = runs;
        for (; listed < y + layer->kernel_height && listed < layer->height; ++listed) {
            esnn_list_line(layer, spikes, lists[back], slots[back]);
            back = back + 1u == ring ? 0 : back + 1u;
            spikes += layer->line_bytes;
        }
        for (; oldest < y; ++oldest) {
            front = front + 1u == ring ? 0 : front + 1u;
        }
        const int8_t *rows = layer->weights;
        uint32_t slot = front;
        uint32_t line = (uint32_t)y;
        for (uint32_t left = ring; left != 0; --left) {
            const uint32_t inside = line < (uint32_t)layer->height; /* and not above it */
            end->from = slots[inside ? slot : ring];
            end->rows = (const int8_t *)((uintptr_t)rows + (uintptr_t)(intptr_t)layer->origin_rows);
            rows += layer->line_rows;
            if (inside) {
                slot = slot + 1u == ring ? 0 : slot + 1u;
            }
            ++end;
            ++line;
        }
        for (int32_t j = layer->out_width; j != 0; --j) {
            esnn_vector_sums(layer, runs, sums);
            esnn_vector_end(layer, finish, place, arena, counts);
            esnn_step(&steps, place);
            esnn_run_t *run = runs;
            for (uint32_t left = ring; left != 0; --left) {
                run->from += layer->stride_x;
                run->rows = (const int8_t *)((uintptr_t)run->rows - (uintptr_t)(intptr_t)layer->step_rows);
                ++run;
            }
        }
        y += layer->stride_y;
    }
}

esnn_status_t esnn_vector_layer(const esnn_vector_layer_t *item, uint8_t *arena, uint32_t *counts)
{
    if (item == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_vector_t *layer = &item->layer;
    esnn_place_t place;
    esnn_finish_begin(&item->finish, arena);
    esnn_place_start(&item->finish, &place);
    if (layer->width == 1 && layer->kernel_height == 1 && layer->kernel_width == 1 && layer->stride_y == 1) {
        esnn_run_1x1(layer, &item->finish, &place, arena, counts);
    } else {
        esnn_run_windows(layer, &item->finish, &place, arena, counts);
    }
    return ESNN_OK;
}
