#include <string.h>

#include "esnn_conv.h"
#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

/** An empty part for each place, trunk and branch. */
static const int32_t none[2u * ESNN_MAX_TIMESTEPS] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

/** The lines of the image that one row of windows sees, and the columns that are listed of them. */
typedef struct {
    const uint8_t *spikes; /**< of the next column that enters the window, first line inside the image */
    uint32_t lines, row;   /**< number of lines, row of the weights of the first one */
    int32_t x;             /**< of that column */
    uint32_t slot;         /**< where its list goes */
} esnn_columns_t;

/** Moves the window by one column: the next one is listed and enters. */
static void esnn_enter_column(const esnn_conv2d_chain_t *layer, esnn_columns_t *columns, esnn_walk_t *walk,
                              uint8_t *arena)
{
    const esnn_chain_t *chain = &layer->chain;
    const uint32_t last = walk->lists - 1u;
    if (last == 2u) {
        walk->list[0] = walk->list[1];
        walk->list[1] = walk->list[2];
    } else {
        memmove(walk->list, walk->list + 1, last << 2);
    }
    walk->list[last] = none;
    if (columns->x >= 0 && columns->x < layer->width) {
        uint32_t *masks = (uint32_t *)(void *)(arena + chain->masks), *end = masks;
        int32_t *list = (int32_t *)(void *)(arena + layer->columns + columns->slot);
        uint32_t eight = 8u << ESNN_ROW_SHIFT;
        if (chain->places == 4u) {
            eight = chain->inputs == 8u ? layer->chain.inputs << ESNN_ROW_SHIFT : eight;
            end = esnn_chain_masks_v6m(chain, columns->spikes, columns->lines, (uint32_t)layer->line_stride,
                                       columns->row, layer->chain.inputs, masks);
        } else {
            const uint8_t *spikes = columns->spikes;
            uint32_t row = columns->row;
            for (uint32_t line = columns->lines; line != 0; --line) {
                end = esnn_chain_masks(chain, spikes, 1, row, end);
                ESNN_WALK(spikes, layer->line_stride);
                ESNN_WALK(row, layer->chain.inputs);
            }
        }
        esnn_chain_list_v6m(chain, masks, end, eight, list);
        walk->list[last] = list;
        columns->slot += layer->column_bytes;
        if (columns->slot == layer->columns_bytes) {
            columns->slot = 0;
        }
    }
    ++columns->x;
    columns->spikes += layer->position_stride;
}

/** One row of windows. */
static void esnn_row_of_windows(const esnn_conv2d_chain_t *layer, esnn_columns_t *columns, esnn_walk_t *walk,
                                esnn_place_t *place, uint8_t *arena, uint32_t *counts)
{
    for (uint32_t i = 0; i < walk->lists; ++i) {
        walk->list[i] = none;
    }
    int32_t enter = layer->kernel_width;
    for (int32_t j = layer->out_width; j != 0; --j) {
        for (; enter != 0; --enter) {
            esnn_enter_column(layer, columns, walk, arena);
        }
        esnn_chain_blocks_v6m(&layer->chain, &layer->finish, place, walk, arena, counts);
        esnn_place_next(&layer->finish, place);
        enter = layer->stride_x;
    }
}

esnn_status_t esnn_conv2d_chain_v6m(const esnn_conv2d_chain_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_stream_t *pooled = layer->pool_lanes ? layer->finish.pooled : NULL;
    const uint8_t *line = arena + layer->input;
    esnn_walk_t walk;
    esnn_place_t place;
    walk.lists = (uint32_t)layer->kernel_width;
    walk.column_words = layer->chain.column_rows << (ESNN_ROW_SHIFT - 2u);
    walk.pool = layer->pool_lanes;
    esnn_walk_to(&walk, &layer->chain, (uint32_t *)(void *)(arena + layer->chain.sums));
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    if (pooled != NULL) {
        memset(arena + pooled->offset, 0, pooled->bytes);
    }
    for (int32_t x = layer->left; x > 0; --x) {
        ESNN_WALK_BACK(line, layer->position_stride);
    }
    int32_t y = -layer->top;
    for (int32_t i = layer->out_height; i != 0; --i) {
        const int32_t over = y + layer->kernel_height - layer->height;
        int32_t lines = layer->kernel_height - (over > 0 ? over : 0);
        uint32_t row = 0;
        for (int32_t a = y; a < 0; ++a) { /* above the image */
            ESNN_WALK(row, layer->chain.inputs);
            --lines;
        }
        esnn_columns_t columns = {line, lines > 0 ? (uint32_t)lines : 0u, row, -layer->left, 0};
        esnn_row_of_windows(layer, &columns, &walk, &place, arena, counts);
        for (int32_t a = layer->stride_y; a != 0; --a) {
            if (y >= 0) {
                ESNN_WALK(line, layer->line_stride); /* the first line inside the image */
            }
            ++y;
        }
    }
    if (pooled != NULL) {
        uint32_t *lanes = (uint32_t *)(void *)(arena + pooled->offset);
        esnn_flip_words_v6m(lanes, lanes, pooled->bytes >> 2, ESNN_QUARTER, ESNN_TOPS);
    }
    return ESNN_OK;
}

#endif
