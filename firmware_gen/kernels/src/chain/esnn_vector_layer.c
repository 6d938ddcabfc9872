#include <string.h>

#include "esnn_vector.h"

/** Residual, store, pool and neurons behind the sums of some positions. */
static void esnn_vector_finish(const esnn_vector_t *layer, const esnn_finish_t *finish, esnn_place_t *place,
                               uint32_t count, int16_t *sums, uint8_t *arena, uint32_t *counts)
{
    const uint32_t bytes = layer->line_sums; /* of a stored current */
    const esnn_neuron_t *neuron = finish->neuron;
    const int16_t *sums_of_neurons = sums;
    if (finish->residual != NULL || finish->store != NULL) {
        uint8_t *store = arena + place->store;
        esnn_vector_stream(finish, sums, bytes >> 5, arena + place->residual, store);
        if (finish->store != NULL) {
            sums_of_neurons = (const int16_t *)(const void *)store;
        }
        place->residual += bytes;
        place->store += bytes;
    }
    if (finish->pooled != NULL) {
        esnn_vector_pool_max(layer, finish, place->y, sums, arena);
    }
    if (neuron == NULL) {
        return;
    }
    uint8_t *spikes = arena + (neuron->window == NULL ? place->spikes : layer->row);
    esnn_vector_neuron(neuron, sums_of_neurons, layer->blocks, count, spikes, counts + neuron->counter);
    place->spikes += layer->line_spikes;
    if (neuron->window != NULL) {
        esnn_vector_pool_line(layer, neuron, place->y, spikes, arena);
    }
}

/** Marks of a line outside of the image, ESNN_PARTS a position. */
static void esnn_blank_line(const esnn_vector_t *layer, uint16_t **marks)
{
    const uint32_t one = (uint32_t)layer->kernel_height;
    uint32_t two = one + one;
    ESNN_HIDE(two);
    uint32_t three = two + one;
    ESNN_HIDE(three);
    uint32_t all = three + two + two;
    ESNN_HIDE(all);
    uint16_t **from_three = marks + three;
    for (uint32_t i = layer->line_marks; i != 0; --i) {
        marks[0] = NULL;
        marks[one] = NULL;
        marks[two] = NULL;
        from_three[0] = NULL;
        from_three[one] = NULL;
        from_three[two] = NULL;
        from_three[three] = NULL;
        ESNN_WALK(marks, all);
        ESNN_WALK(from_three, all);
    }
}

esnn_status_t esnn_vector_layer(const esnn_vector_layer_t *item, uint8_t *arena, uint32_t *counts)
{
    if (item == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_vector_t *layer = &item->layer;
    const int32_t lines = layer->kernel_height;
    const uint32_t count = (uint32_t)layer->out_width;
    uint16_t **marks = (uint16_t **)(void *)(arena + layer->marks);
    uint8_t *lists[ESNN_VECTOR_LINES]; /* of each slot */
    uint8_t *list = arena + layer->lists;
    for (int32_t slot = 0; slot < lines; ++slot) {
        esnn_blank_line(layer, marks + slot);
        lists[slot] = list;
        ESNN_WALK(list, layer->line_list_bytes);
    }
    int16_t *sums = (int16_t *)(void *)(arena + layer->sums);
    const uint8_t *spikes = arena + layer->input;
    esnn_run_t run = {marks, {NULL, NULL, NULL, NULL}};
    esnn_place_t place;
    esnn_vector_begin(&item->finish, arena);
    esnn_place_start(&item->finish, &place);
    if ((layer->vectors & 1u) != 0) {
        memset(sums, 0, layer->line_sums); /* what is not written */
    }
    int32_t top = -layer->top, behind = top; /* lines: the window's first, and the one behind those in their slots */
    int32_t slot = 0, oldest = 0;            /* where that line goes, and where the window's first one is */
    for (int32_t i = layer->out_height; i != 0; --i) {
        for (; behind != top + lines; ++behind) {
            if (behind >= layer->height) {
                esnn_blank_line(layer, marks + slot);
            } else if (behind >= 0) { /* what is above is blank as yet */
                esnn_vector_list(layer, spikes, lists[slot], marks + slot);
                ESNN_WALK(spikes, layer->line_bytes);
            }
            slot = slot + 1 == lines ? 0 : slot + 1;
        }
        uintptr_t rows = (uintptr_t)layer->weights + (uintptr_t)(intptr_t)layer->origin_rows;
        int32_t at = oldest;
        for (int32_t line = lines; line != 0; --line) {
            run.rows[at] = (const int8_t *)rows;
            ESNN_WALK(rows, (uintptr_t)(intptr_t)layer->line_rows);
            at = at + 1 == lines ? 0 : at + 1;
        }
        esnn_vector_sums(layer, &run, count, sums);
        esnn_vector_finish(layer, &item->finish, &place, count, sums, arena, counts);
        ++place.y;
        ESNN_WALK(top, layer->stride_y);
        for (int32_t line = layer->stride_y; line != 0; --line) {
            oldest = oldest + 1 == lines ? 0 : oldest + 1;
        }
    }
    return ESNN_OK;
}
