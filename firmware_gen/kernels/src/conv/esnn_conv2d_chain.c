#include <string.h>

#include "esnn_conv.h"
#include "esnn_v7m.h"

#if !ESNN_CHAIN_V6M

/** Bit i: the map of part i is not empty. */
static uint32_t esnn_present(const esnn_chain_t *chain, const uint8_t *map)
{
    const uint32_t *word = (const uint32_t *)(const void *)map;
    uint32_t present = 0;
    for (uint32_t bit = 1; bit != 1u << ((chain->places << 1) - 1u); bit <<= 1) {
        const uint32_t *end = word + (chain->map_bytes >> 2);
        uint32_t any = 0;
        do {
            any |= *word++;
        } while (word != end);
        present |= any != 0 ? bit : 0u;
    }
    return present;
}

/** Clears all maps: one more than there are slots stays so, and last words are filled in part only. */
static void esnn_clear_maps(const esnn_conv2d_chain_t *layer, uint8_t *arena)
{
    uint32_t *word = (uint32_t *)(void *)(arena + layer->chain.map);
    const uint32_t *end = word + layer->map_words;
    while (word != end) {
        *word++ = 0;
    }
}

/**
 * Makes the window a run of each part: the ends of runs are marked for as long as it is used.
 *
 * @param start  of the window's first column.
 * @param end    of the one behind its last.
 * @param kept   receives what stands where the marks go.
 */
static inline void esnn_open_window(int16_t *const *start, int16_t *const *end, uint32_t parts, const int16_t **run,
                                    int16_t *kept)
{
    for (; parts != 0; --parts) {
        int16_t *mark = *end++;
        *run++ = *start++;
        *kept++ = *mark;
        *mark = ESNN_LIST_END;
    }
}

/** Puts back what the marks stand on. */
static inline void esnn_close_window(int16_t *const *end, uint32_t parts, const int16_t *kept)
{
    for (; parts != 0; --parts) {
        **end++ = *kept++;
    }
}

/** Rows that make the sums of each place. */
static void esnn_count_rows(int16_t *const *start, int16_t *const *end, uint32_t parts, uint32_t *totals)
{
    uint32_t trunk = (uint32_t)(*end++ - *start++);
    for (; parts != 1u; parts -= 2u) {
        *totals++ = trunk + (uint32_t)(*end++ - *start++);
        trunk += (uint32_t)(*end++ - *start++);
    }
    *totals = trunk;
}

/** Pooled currents that are pooled in 15 bits, in lanes plus 2^14; else NULL. */
static const esnn_stream_t *esnn_pooled(const esnn_conv2d_chain_t *layer)
{
#if ESNN_CHAIN_V7M
    return layer->pool_lanes && !layer->chain.nibbles ? layer->finish.pooled : NULL;
#else
    (void)layer;
    return NULL;
#endif
}

/** Sums of one window and what follows them. */
static inline void esnn_window(const esnn_conv2d_chain_t *layer, const esnn_place_t *place, uint8_t *arena,
                               uint32_t *counts)
{
#if ESNN_CHAIN_V7M
    if (esnn_pooled(layer) != NULL) {
        esnn_chain_pool_v7m(&layer->chain, &layer->finish, place, arena);
        return;
    }
#endif
    esnn_chain_finish(&layer->chain, &layer->finish, place, arena, counts);
}

/** All windows of one output row. */
static void esnn_row_of_windows(const esnn_conv2d_chain_t *layer, const esnn_lines_t *lines, esnn_place_t *place,
                                uint8_t *arena, uint32_t *counts)
{
    const esnn_chain_t *chain = &layer->chain;
    int16_t **start = (int16_t **)(void *)(arena + layer->starts);
    int16_t **end = start + layer->window_starts;
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    const uint32_t parts = (chain->places << 1) - 1u;
    int16_t kept[2u * ESNN_MAX_TIMESTEPS - 1u];
    esnn_chain_columns(chain, lines, (int16_t *)(void *)(arena + chain->list), start);
    runs->rows = layer->all_rows;
    for (int32_t j = layer->out_width; j != 0; --j) {
        if (parts == 7u) { /* unrolled */
            esnn_open_window(start, end, 7, runs->part, kept);
        } else {
            esnn_open_window(start, end, parts, runs->part, kept);
        }
        if (ESNN_CHAIN_TOTALS || chain->nibbles) {
            esnn_count_rows(start, end, parts, (uint32_t *)(void *)(arena + chain->totals));
        }
        esnn_window(layer, place, arena, counts);
        if (parts == 7u) {
            esnn_close_window(end, 7, kept);
        } else {
            esnn_close_window(end, parts, kept);
        }
        esnn_place_next(&layer->finish, place);
        ESNN_WALK(start, layer->step_starts);
        ESNN_WALK(end, layer->step_starts);
        runs->rows -= layer->step_rows;
    }
}

esnn_status_t esnn_conv2d_chain(const esnn_conv2d_chain_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_chain_t *chain = &layer->chain;
    esnn_slot_t *slot = (esnn_slot_t *)(void *)(arena + layer->slots);
    const uint8_t **maps = (const uint8_t **)(void *)(slot + layer->kernel_height);
    const uint8_t *spikes = arena + layer->input;
    const esnn_stream_t *pooled = esnn_pooled(layer);
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    esnn_chain_begin(chain, &layer->finish, arena);
    if (pooled != NULL) {
        memset(arena + pooled->offset, 0, pooled->bytes);
    }
    esnn_clear_maps(layer, arena);
    uint8_t *map = arena + chain->map;
    for (int32_t i = 0; i < layer->kernel_height; ++i) {
        slot[i] = (esnn_slot_t){map, 0};
        ESNN_WALK(map, layer->line_map);
    }
    const uint8_t *empty = map; /* the maps of lines outside of the image */
    int32_t fresh = 0;          /* slot of the next line that is mapped */
    int32_t mapped = 0;         /* its number */
    int32_t top = 0;            /* slot of the first line of the window inside the image */
    int32_t above = 0;          /* its number */
    int32_t y = -layer->top;
    for (int32_t i = 0; i < layer->out_height; ++i) {
        const int32_t below = y + layer->kernel_height < layer->height ? y + layer->kernel_height : layer->height;
        for (; mapped < below; ++mapped) {
            esnn_chain_map(chain, spikes, (uint32_t)layer->width, slot[fresh].map);
            slot[fresh].present = esnn_present(chain, slot[fresh].map);
            fresh = fresh + 1 == layer->kernel_height ? 0 : fresh + 1;
            ESNN_WALK(spikes, layer->line_stride);
        }
        for (; above < y; ++above) {
            top = top + 1 == layer->kernel_height ? 0 : top + 1;
        }
        esnn_lines_t lines = {maps,
                              (uint32_t)layer->kernel_height,
                              layer->first_row,
                              (uint32_t)layer->left,
                              (uint32_t)layer->width,
                              layer->behind,
                              0};
        int32_t next = top;
        for (int32_t line = 0; line < layer->kernel_height; ++line) {
            if (y + line < 0 || y + line >= below) {
                maps[line] = empty;
                continue;
            }
            maps[line] = slot[next].map;
            lines.present |= slot[next].present;
            next = next + 1 == layer->kernel_height ? 0 : next + 1;
        }
        esnn_row_of_windows(layer, &lines, &place, arena, counts);
        ESNN_WALK(y, layer->stride_y);
    }
    esnn_chain_end(chain, &layer->finish, arena, counts);
    if (pooled != NULL) { /* lanes again */
        uint32_t *word = (uint32_t *)(void *)(arena + pooled->offset);
        for (uint32_t left = pooled->bytes >> 4; left != 0; --left) {
            word[0] = (word[0] + 0x40004000u) ^ 0x80008000u;
            word[1] = (word[1] + 0x40004000u) ^ 0x80008000u;
            word[2] = (word[2] + 0x40004000u) ^ 0x80008000u;
            word[3] = (word[3] + 0x40004000u) ^ 0x80008000u;
            word += 4;
        }
    }
    return ESNN_OK;
}

#endif
