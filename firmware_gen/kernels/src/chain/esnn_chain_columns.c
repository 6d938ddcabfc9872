#include "esnn_bits.h"
#include "esnn_chain.h"

#if !ESNN_CHAIN_V6M

/** Windows of three lines. @param bytes  of a position, most often a constant. */
static inline int16_t *esnn_list_three(const esnn_lines_t *lines, uint32_t at, uint32_t bytes, uint32_t inputs,
                                       int16_t *list, int16_t **start, uint32_t parts)
{
    const uint8_t *a = lines->map[0] + at, *b = lines->map[1] + at, *c = lines->map[2] + at;
    uint32_t row = lines->row;
    for (uint32_t x = lines->columns; x != 0; --x) {
        *start = list;
        ESNN_WALK(start, parts);
        list = esnn_append_bits(a, bytes, row, list);
        ESNN_WALK(row, inputs);
        list = esnn_append_bits(b, bytes, row, list);
        ESNN_WALK(row, inputs);
        list = esnn_append_bits(c, bytes, row, list);
        ESNN_WALK(row, inputs);
        a += bytes;
        b += bytes;
        c += bytes;
    }
    return list;
}

/** Any windows. */
static int16_t *esnn_list_any(const esnn_lines_t *lines, uint32_t at, uint32_t bytes, uint32_t inputs, int16_t *list,
                              int16_t **start, uint32_t parts)
{
    const uint8_t *const *end = lines->map + lines->count;
    uint32_t row = lines->row;
    for (uint32_t x = lines->columns; x != 0; --x) {
        *start = list;
        ESNN_WALK(start, parts);
        for (const uint8_t *const *line = lines->map; line != end; ++line) {
            list = esnn_append_bits(*line + at, bytes, row, list);
            ESNN_WALK(row, inputs);
        }
        ESNN_WALK(at, bytes);
    }
    return list;
}

void esnn_chain_columns(const esnn_chain_t *chain, const esnn_lines_t *lines, int16_t *list, int16_t **starts)
{
    const uint32_t parts = (chain->places << 1) - 1u;
    const uint32_t bytes = chain->position_map, inputs = chain->inputs;
    uint32_t at = 0, present = lines->present;
    for (uint32_t part = parts; part != 0; --part) {
        int16_t **start = starts++;
        uint32_t before = lines->before, behind = lines->behind;
        if ((present & 1u) == 0) {
            before += lines->columns;
        }
        for (; before != 0; --before) {
            *start = list;
            ESNN_WALK(start, parts);
        }
        if ((present & 1u) != 0) {
            if (lines->count != 3u) {
                list = esnn_list_any(lines, at, bytes, inputs, list, start, parts);
            } else if (bytes == 1u) { /* the widths of most layers */
                list = esnn_list_three(lines, at, 1, inputs, list, start, parts);
            } else if (bytes == 2u) {
                list = esnn_list_three(lines, at, 2, inputs, list, start, parts);
            } else if (bytes == 4u) {
                list = esnn_list_three(lines, at, 4, inputs, list, start, parts);
            } else if (bytes == 6u) {
                list = esnn_list_three(lines, at, 6, inputs, list, start, parts);
            } else {
                list = esnn_list_three(lines, at, bytes, inputs, list, start, parts);
            }
            for (uint32_t x = lines->columns; x != 0; --x) {
                ESNN_WALK(start, parts);
            }
        }
        for (; behind != 0; --behind) {
            *start = list;
            ESNN_WALK(start, parts);
        }
        *list++ = ESNN_LIST_END;
        present >>= 1;
        ESNN_WALK(at, chain->map_bytes);
    }
}

#endif
