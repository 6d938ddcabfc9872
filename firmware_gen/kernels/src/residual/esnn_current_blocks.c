#include "esnn_block.h"
#include "esnn_residual.h"

/** A block of one step; copied as words, where memcpy() would be called. */
typedef struct {
    uint32_t words[ESNN_BLOCK / 2u];
} esnn_row_t;

esnn_status_t esnn_current_blocks(const esnn_current_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const esnn_stream_t *source = &layer->source;
    int16_t *sums = (int16_t *)(void *)(arena + layer->scratch);
    const uint8_t *position = arena + source->offset;
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    for (uint32_t n = layer->positions; n != 0; --n) {
        const uint8_t *block = position;
        for (uint32_t first = 0; first < layer->channels; first += ESNN_BLOCK) {
            const uint32_t left = layer->channels - first;
            int16_t *to = sums;
            const uint8_t *from = block;
            for (uint32_t t = layer->finish.steps; t != 0; --t) {
                *(esnn_row_t *)(void *)to = *(const esnn_row_t *)(const void *)from;
                to += ESNN_BLOCK;
                ESNN_WALK(from, source->step_stride);
            }
            esnn_block_finish(&layer->finish, &place, sums, first, left < ESNN_BLOCK ? left : ESNN_BLOCK, arena,
                              counts);
            block += 2u * ESNN_BLOCK;
        }
        esnn_place_next(&layer->finish, &place);
        ESNN_WALK(position, source->position_stride);
    }
    return ESNN_OK;
}
