#include <string.h>

#include "esnn_conv.h"

#if !ESNN_CHAIN_V6M

/**
 * Copies the rows from begin to end, not none, each plus `shift`. May write one entry too many.
 *
 * Two at a time they are one number, and so is the sum, because neither row nor row + shift leaves 0 .. 2^15 - 1.
 */
static inline int16_t *esnn_copy_rows(int16_t *to, const int16_t *begin, const int16_t *end, uint32_t shift)
{
#if defined(__ARM_FEATURE_UNALIGNED)
    const uint32_t both = shift + (shift << 16);
    do {
        uint32_t pair;
        memcpy(&pair, begin, 4);
        pair += both;
        memcpy(to, &pair, 4);
        begin += 2;
        to += 2;
    } while (begin < end);
    return to - (begin - end);
#else
    do {
        *to++ = (int16_t)((uint32_t)*begin++ + shift);
    } while (begin != end);
    return to;
#endif
}

/** The lines of the window that are in the image, from the first one on. */
typedef struct {
    const uint16_t **starts; /**< of each line */
    uint32_t lines;
    uint32_t shift; /**< from rows of the first line's list to rows of the window */
} esnn_lines_t;

/** Puts the list of the window of columns first .. first + columns - 1 together. */
static void esnn_list_window(const esnn_conv2d_chain_t *layer, const esnn_lines_t *window, uint32_t first,
                             uint32_t columns, uint8_t *arena)
{
    const int16_t *rows = (const int16_t *)(const void *)(arena + layer->lines);
    int16_t *list = (int16_t *)(void *)(arena + layer->chain.list);
#if ESNN_CHAIN_TOTALS
    uint32_t *totals = (uint32_t *)(void *)(arena + layer->chain.totals);
    uint32_t trunk = 0;
#endif
    const uint16_t **end = window->starts + window->lines;
    const uint32_t part_starts = (uint32_t)layer->width + 1u;
    const uint32_t line_rows = layer->line_rows;
    const uint32_t shift = window->shift;
    for (uint32_t part = (layer->chain.places << 1) - 1u; part != 0; --part) {
#if ESNN_CHAIN_TOTALS
        const int16_t *begin = list;
#endif
        uint32_t row = shift;
        for (const uint16_t **line = window->starts; line != end; ++line) {
            const uint16_t *at = *line + first;
            const uint32_t from = at[0], to = at[columns];
            if (from != to) {
                list = esnn_copy_rows(list, rows + from, rows + to, row);
            }
            row += line_rows;
        }
#if ESNN_CHAIN_TOTALS
        const uint32_t count = (uint32_t)(list - begin);
        if ((part & 1u) == 0u) {
            *totals++ = trunk + count;
        } else {
            trunk += count;
        }
#endif
        *list++ = ESNN_LIST_END;
        first += part_starts;
    }
#if ESNN_CHAIN_TOTALS
    *totals = trunk;
#endif
}

/** All windows of one output row, whose lines in the image are listed. */
static void esnn_row_of_windows(const esnn_conv2d_chain_t *layer, esnn_lines_t *window, esnn_place_t *place,
                                uint8_t *arena, uint32_t *counts)
{
    const uint32_t lines = window->lines;
    int32_t x = -layer->left;
    for (int32_t j = 0; j < layer->out_width; ++j) {
        const int32_t end = x + layer->kernel_width;
        const int32_t first = x < 0 ? 0 : x;
        const int32_t columns = (end < layer->width ? end : layer->width) - first;
        window->lines = columns > 0 ? lines : 0u;
        esnn_list_window(layer, window, (uint32_t)first, (uint32_t)columns, arena);
        esnn_chain_finish(&layer->chain, &layer->finish, place, arena, counts);
        esnn_place_next(&layer->finish, place);
        x += layer->stride_x;
        window->shift -= layer->step_rows;
    }
}

/** A slot for a line: where its list and its starts lie. */
typedef struct {
    uint32_t list; /**< entries from the first list */
    uint32_t starts;
    int32_t number;
} esnn_slot_t;

static inline void esnn_slot_next(const esnn_conv2d_chain_t *layer, esnn_slot_t *slot)
{
    slot->list += layer->line_entries;
    slot->starts += layer->start_entries;
    if (++slot->number == layer->kernel_height) {
        *slot = (esnn_slot_t){0, 0, 0};
    }
}

esnn_status_t esnn_conv2d_chain(const esnn_conv2d_chain_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    uint32_t *masks = (uint32_t *)(void *)(arena + layer->chain.masks);
    int16_t *lists = (int16_t *)(void *)(arena + layer->lines);
    uint16_t *starts = (uint16_t *)(void *)(arena + layer->starts);
    const uint16_t **slots = (const uint16_t **)(void *)(arena + layer->slots);
    const uint8_t *spikes = arena + layer->input;
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    esnn_slot_t fresh = {0, 0, 0}, top = {0, 0, 0};
    int32_t listed = 0; /* line that `fresh` is for: the next one to be listed */
    int32_t above = 0;  /* line of `top`: the first one of the window inside the image */
    int32_t y = -layer->top;
    for (int32_t i = 0; i < layer->out_height; ++i) {
        const int32_t below = y + layer->kernel_height < layer->height ? y + layer->kernel_height : layer->height;
        for (; listed < below; ++listed) {
            esnn_chain_line(&layer->chain, spikes, (uint32_t)layer->width, masks, lists, fresh.list,
                            starts + fresh.starts);
            esnn_slot_next(layer, &fresh);
            spikes += layer->line_stride;
        }
        for (; above < y; ++above) {
            esnn_slot_next(layer, &top);
        }
        esnn_lines_t window = {slots, 0, layer->left_rows};
        for (int32_t line = y; line < 0; ++line) {
            window.shift += layer->line_rows;
        }
        esnn_slot_t slot = top;
        for (int32_t line = above; line < below; ++line) {
            slots[window.lines++] = starts + slot.starts;
            esnn_slot_next(layer, &slot);
        }
        esnn_row_of_windows(layer, &window, &place, arena, counts);
        y += layer->stride_y;
    }
    return ESNN_OK;
}

#endif
