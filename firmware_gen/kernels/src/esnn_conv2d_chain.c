#include "esnn_conv.h"

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

/** Clears the maps of all slots, whose last words are filled in part only. */
static void esnn_clear_maps(const esnn_conv2d_chain_t *layer, uint8_t *arena)
{
    uint32_t *word = (uint32_t *)(void *)(arena + layer->chain.map);
    const uint32_t *end = word + layer->map_words;
    while (word != end) {
        *word++ = 0;
    }
}

/** One row of windows. */
typedef struct {
    int16_t *list;
    const uint16_t *starts; /**< of the columns of the first part, from that of the window on */
    uint32_t present;
    int16_t kept[2u * ESNN_MAX_TIMESTEPS - 1u]; /**< what stands in the list where runs end */
} esnn_row_t;

/** Makes the window a run of each part: the end of each is marked for as long as it is used. */
static void esnn_open_window(const esnn_conv2d_chain_t *layer, esnn_row_t *row, esnn_runs_t *runs, uint32_t *totals)
{
    const esnn_chain_t *chain = &layer->chain;
    const uint16_t *start = row->starts;
    const int16_t **part = runs->part;
    int16_t *kept = row->kept;
    uint32_t trunk = 0;
    uint32_t odd = 0; /* whether the part is a branch */
    for (uint32_t present = row->present; present != 1u; present >>= 1) {
        if ((present & 1u) != 0) {
            int16_t *run = row->list + start[0];
            int16_t *end = row->list + start[layer->kernel_width];
            *part = run;
            *kept = *end;
            *end = ESNN_LIST_END;
            if (ESNN_CHAIN_TOTALS || chain->nibbles) {
                *totals = trunk + (uint32_t)(end - run);
            }
        } else if (ESNN_CHAIN_TOTALS || chain->nibbles) {
            *totals = trunk;
        }
        if (ESNN_CHAIN_TOTALS || chain->nibbles) {
            trunk = odd ? trunk : *totals;
            totals += odd;
            odd ^= 1u;
        }
        ++part;
        ++kept;
        start += layer->start_entries;
    }
}

/** Puts back what the marks stand on. */
static void esnn_close_window(const esnn_conv2d_chain_t *layer, const esnn_row_t *row)
{
    const uint16_t *end = row->starts + layer->kernel_width;
    const int16_t *kept = row->kept;
    for (uint32_t present = row->present; present != 1u; present >>= 1) {
        if ((present & 1u) != 0) {
            row->list[*end] = *kept;
        }
        ++kept;
        end += layer->start_entries;
    }
}

/** All windows of one output row. */
static void esnn_row_of_windows(const esnn_conv2d_chain_t *layer, const esnn_lines_t *lines, esnn_place_t *place,
                                uint8_t *arena, uint32_t *counts)
{
    const esnn_chain_t *chain = &layer->chain;
    uint16_t *starts = (uint16_t *)(void *)(arena + layer->starts);
    uint32_t *totals = (uint32_t *)(void *)(arena + chain->totals);
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    esnn_row_t row;
    row.list = (int16_t *)(void *)(arena + chain->list);
    row.starts = starts;
    row.present = lines->present | 1u << ((chain->places << 1) - 1u);
    esnn_chain_columns(chain, lines, row.list, starts);
    for (uint32_t part = 0; row.present >> part != 1u; ++part) { /* those that stay empty */
        runs->part[part] = row.list + *starts;
        starts += layer->start_entries;
    }
    runs->rows = layer->all_rows;
    for (int32_t j = layer->out_width; j != 0; --j) {
        esnn_open_window(layer, &row, runs, totals);
        esnn_chain_finish(chain, &layer->finish, place, arena, counts);
        esnn_close_window(layer, &row);
        esnn_place_next(&layer->finish, place);
        row.starts += layer->stride_x;
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
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    esnn_chain_begin(chain, arena);
    esnn_clear_maps(layer, arena);
    uint8_t *map = arena + chain->map;
    for (int32_t i = 0; i < layer->kernel_height; ++i) {
        slot[i] = (esnn_slot_t){map, 0};
        map += layer->line_map;
    }
    int32_t fresh = 0;  /* slot of the next line that is mapped */
    int32_t mapped = 0; /* its number */
    int32_t top = 0;    /* slot of the first line of the window inside the image */
    int32_t above = 0;  /* its number */
    int32_t y = -layer->top;
    for (int32_t i = 0; i < layer->out_height; ++i) {
        const int32_t below = y + layer->kernel_height < layer->height ? y + layer->kernel_height : layer->height;
        for (; mapped < below; ++mapped) {
            esnn_chain_map(chain, spikes, (uint32_t)layer->width, slot[fresh].map);
            slot[fresh].present = esnn_present(chain, slot[fresh].map);
            fresh = fresh + 1 == layer->kernel_height ? 0 : fresh + 1;
            spikes += layer->line_stride;
        }
        for (; above < y; ++above) {
            top = top + 1 == layer->kernel_height ? 0 : top + 1;
        }
        esnn_lines_t lines = {maps, 0, layer->first_row, (uint32_t)layer->left, (uint32_t)layer->width,
                              layer->behind, 0};
        for (int32_t line = y; line < 0; ++line) {
            lines.row += chain->inputs;
        }
        int32_t next = top;
        for (int32_t line = above; line < below; ++line) {
            maps[lines.count++] = slot[next].map;
            lines.present |= slot[next].present;
            next = next + 1 == layer->kernel_height ? 0 : next + 1;
        }
        esnn_row_of_windows(layer, &lines, &place, arena, counts);
        y += layer->stride_y;
    }
    return ESNN_OK;
}

#endif
