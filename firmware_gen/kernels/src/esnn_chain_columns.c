#include "esnn_bits.h"
#include "esnn_chain.h"

#if !ESNN_CHAIN_V6M

/** The columns of one part. @param bytes  of a position. */
static inline int16_t *esnn_list_columns(const esnn_chain_t *chain, const esnn_lines_t *lines, uint32_t at,
                                         uint32_t bytes, const int16_t *begin, int16_t *list, uint16_t *starts)
{
    const uint8_t *const *end = lines->map + lines->count;
    uint32_t first = lines->row;
    for (uint32_t x = lines->columns; x != 0; --x) {
        uint32_t row = first;
        *starts++ = (uint16_t)(list - begin);
        for (const uint8_t *const *line = lines->map; line != end; ++line) {
            list = esnn_append_bits(*line + at, bytes, row, list);
            row += chain->inputs;
        }
        first += chain->column_rows;
        at += bytes;
    }
    return list;
}

void esnn_chain_columns(const esnn_chain_t *chain, const esnn_lines_t *lines, int16_t *list, uint16_t *starts)
{
    const int16_t *begin = list;
    uint32_t at = 0, present = lines->present;
    for (uint32_t part = (chain->places << 1) - 1u; part != 0; --part) {
        for (uint32_t x = lines->before; x != 0; --x) {
            *starts++ = (uint16_t)(list - begin);
        }
        if ((present & 1u) == 0) {
            for (uint32_t x = lines->columns; x != 0; --x) {
                *starts++ = (uint16_t)(list - begin);
            }
        } else {
            const uint32_t bytes = chain->position_map;
            if (bytes == 1u) {
                list = esnn_list_columns(chain, lines, at, 1, begin, list, starts);
            } else if (bytes == 2u) {
                list = esnn_list_columns(chain, lines, at, 2, begin, list, starts);
            } else {
                list = esnn_list_columns(chain, lines, at, bytes, begin, list, starts);
            }
            starts += lines->columns;
        }
        for (uint32_t x = lines->behind; x != 0; --x) {
            *starts++ = (uint16_t)(list - begin);
        }
        *list++ = ESNN_LIST_END;
        present >>= 1;
        at += chain->map_bytes;
    }
}

#endif
