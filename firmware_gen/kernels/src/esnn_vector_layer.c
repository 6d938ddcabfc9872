#include "esnn_vector.h"

static inline uint32_t esnn_next_slot(const esnn_vector_t *layer, uint32_t slot)
{
    return slot + 1u == (uint32_t)layer->kernel_height ? 0u : slot + 1u;
}

/** The lists of a window's lines at x; returns the end of the runs. */
static esnn_run_t *esnn_window_runs(const esnn_vector_t *layer, esnn_marks_t *const *lines, int32_t first_line,
                                    int32_t end_line, int32_t x, const int8_t *rows, esnn_run_t *run)
{
    const int32_t end = x + layer->kernel_width;
    const int32_t from = x < 0 ? 0 : x;
    const int32_t to = end > layer->width ? layer->width : end;
    for (int32_t a = first_line; a != end_line; ++a) {
        run->from = *lines + from;
        run->to = *lines + to;
        run->rows = rows;
        rows = (const int8_t *)((uintptr_t)rows + (uintptr_t)(intptr_t)layer->line_rows);
        ++run;
        ++lines;
    }
    return run;
}

esnn_status_t esnn_vector_layer(const esnn_vector_layer_t *item, uint8_t *arena, uint32_t *counts)
{
    if (item == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_vector_t *layer = &item->layer;
    const esnn_finish_t *finish = &item->finish;
    esnn_marks_t *slots[ESNN_VECTOR_LINES];
    uint8_t *lists[ESNN_VECTOR_LINES];
    esnn_marks_t *marks = (esnn_marks_t *)(void *)(arena + layer->marks);
    uint8_t *list = arena + layer->lists;
    for (int32_t slot = 0; slot < layer->kernel_height; ++slot) {
        slots[slot] = marks;
        lists[slot] = list;
        marks += layer->line_marks;
        list += layer->line_list_bytes;
    }
    const uint8_t *spikes = arena + layer->input;
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    esnn_place_t place;
    esnn_finish_begin(finish, arena);
    esnn_place_start(finish, &place);
    int32_t y = -layer->top;
    int32_t listed = 0;           /* lines */
    int32_t oldest = 0;           /* line that slot `front` holds, or will hold */
    uint32_t front = 0, back = 0; /* slots of the oldest line, and of the next one */
    for (int32_t i = layer->out_height; i != 0; --i) {
        const int32_t end_y = y + layer->kernel_height > layer->height ? layer->height : y + layer->kernel_height;
        for (; listed < end_y; ++listed) {
            esnn_vector_list(layer, spikes, lists[back], slots[back]);
            back = esnn_next_slot(layer, back);
            spikes += layer->line_bytes;
        }
        for (; oldest < y; ++oldest) {
            front = esnn_next_slot(layer, front);
        }
        esnn_marks_t *lines[ESNN_VECTOR_LINES];
        esnn_marks_t **end_lines = lines;
        uint32_t slot = front;
        uintptr_t rows = (uintptr_t)layer->weights + (uintptr_t)(intptr_t)layer->origin_rows;
        for (int32_t line = y; line < 0; ++line) {
            rows += (uintptr_t)(intptr_t)layer->line_rows;
        }
        for (int32_t line = oldest; line < end_y; ++line) {
            *end_lines++ = slots[slot];
            slot = esnn_next_slot(layer, slot);
        }
        int32_t x = -layer->left;
        for (int32_t j = layer->out_width; j != 0; --j) {
            esnn_run_t runs[ESNN_VECTOR_LINES];
            const esnn_run_t *end = esnn_window_runs(layer, lines, oldest, end_y, x, (const int8_t *)rows, runs);
            esnn_vector_sums(layer, runs, end, sums);
            esnn_vector_finish(layer, finish, &place, arena, counts);
            esnn_place_next(finish, &place);
            x += layer->stride_x;
            rows -= (uintptr_t)(intptr_t)layer->step_rows;
        }
        y += layer->stride_y;
    }
    return ESNN_OK;
}
