#include "esnn_graded_conv.h"

/** Counts the codes that the windows see. */
static void count_codes(const esnn_graded_conv_t *conv, const esnn_line_t *line, uint16_t *tally)
{
    for (uint32_t i = 0; i < 256u; ++i) {
        tally[i] = 0;
    }
    const int32_t right = (int32_t)conv->width;
    const uint8_t *first = line->at;
    uint32_t inside = 0, outside = 0; /* codes in a line */
    for (int32_t x = line->column; x < line->column + (int32_t)line->columns; ++x) {
        if (x < 0) {
            ESNN_WALK(first, conv->cell);
        }
        if (x < 0 || x >= right) {
            ESNN_WALK(outside, conv->cell);
        } else {
            ESNN_WALK(inside, conv->cell);
        }
    }
    for (uint32_t i = 0; i < conv->kernel_height; ++i) {
        const int32_t y = line->top + (int32_t)i;
        if (y >= 0 && y < (int32_t)conv->height) {
            esnn_graded_tally(tally, first, inside);
            tally[conv->pad] = (uint16_t)(tally[conv->pad] + outside);
        } else {
            tally[conv->pad] = (uint16_t)(tally[conv->pad] + inside + outside);
        }
        ESNN_WALK(first, conv->line_bytes);
    }
}

/** How many codes are in each list of a segment. */
static void count_lists(const esnn_segment_t *segment, const uint16_t *tally, uint32_t *size)
{
    for (uint32_t i = 0; i < segment->lists; ++i) {
        size[i] = 0;
    }
    const uint32_t last = segment->lists - 1u;
    const uint32_t mask = segment->planes ? (1u << segment->lists) - 1u : segment->lists;
    for (uint32_t code = 1; code < 256u; ++code) {
        const uint32_t count = tally[code], digit = (code >> segment->first) & mask;
        if (count == 0 || digit == 0) {
            continue;
        }
        if (!segment->planes) {
            size[last + 1u - digit] += count;
            continue;
        }
        for (uint32_t bit = 0; bit <= last; ++bit) {
            if ((digit >> bit & 1u) != 0) {
                size[last - bit] += count;
            }
        }
    }
}

void esnn_graded_place(const esnn_graded_conv_t *conv, esnn_line_t *line, uint8_t *arena)
{
    uint16_t *tally = (uint16_t *)(void *)(arena + conv->tally);
    uint16_t *entries = (uint16_t *)(void *)(arena + conv->entries);
    esnn_place_ref_t *next = (esnn_place_ref_t *)(void *)(arena + conv->next);
    line->windows = conv->out_width - line->window;
    if (line->windows > conv->most) {
        line->windows = conv->most;
    }
    for (;; line->windows = (line->windows + 1u) >> 1) {
        line->columns = conv->kernel_width;
        for (uint32_t i = line->windows - 1u; i != 0; --i) {
            ESNN_WALK(line->columns, conv->stride_x);
        }
        count_codes(conv, line, tally);
        uint32_t *size = next, all = 0;
        for (uint32_t i = 0; i < conv->segments; ++i) {
            count_lists(&conv->segment[i], tally, size);
            size += conv->segment[i].lists;
        }
        for (uint32_t i = 0; i < conv->lists; ++i) {
            all += next[i];
        }
        if (all <= conv->capacity || line->windows == 1u) {
            break;
        }
    }
    const uint16_t *at = entries;
    for (uint32_t i = 0; i < conv->lists; ++i) {
        const uint32_t size = next[i];
        next[i] = ESNN_REF(entries, at);
        at += size;
    }
}
