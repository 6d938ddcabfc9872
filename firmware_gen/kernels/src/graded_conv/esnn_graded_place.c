#include "esnn_graded_conv.h"

uint32_t esnn_graded_place(const esnn_graded_conv_t *conv, const esnn_line_t *line, uint8_t *arena)
{
    const uint16_t *size = (const uint16_t *)(const void *)(arena + conv->sizes);
    const uint16_t *entries = (const uint16_t *)(const void *)(arena + conv->entries);
    esnn_place_ref_t *next = (esnn_place_ref_t *)(void *)(arena + conv->next) + 1;
    uint32_t lines = conv->kernel_height, all = 0;
    if (line->part == ESNN_PART_NEXT) {
        return 0;
    }
    if (line->part == ESNN_PART) {
        for (; lines != 0; --lines) {
            ESNN_WALK(size, conv->lists);
        }
        lines = 1;
    }
    for (uint32_t i = 0; i < conv->lists; ++i) {
        const uint16_t *one = size++;
        next[i] = ESNN_REF(entries, entries + all);
        for (uint32_t j = lines; j != 0; --j) {
            all += *one;
            ESNN_WALK(one, conv->lists);
        }
    }
    return all <= conv->capacity;
}
