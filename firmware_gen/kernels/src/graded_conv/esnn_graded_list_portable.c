#include "esnn_graded_conv.h"

void esnn_graded_list_portable(const uint32_t *table, const esnn_part_t *part, uint32_t entry, esnn_place_ref_t *next,
                               uint16_t *entries)
{
    (void)entries;
    const uint8_t *line = part->codes;
    for (uint32_t lines = part->lines; lines != 0; --lines) {
        const uint8_t *codes = line;
        for (uint32_t left = part->count; left != 0; --left) {
            const uint32_t code = *codes++;
            if (code != 0) {
                uint32_t lists = table[code];
                do {
                    esnn_place_ref_t *list = next + ((lists & 0xffu) >> 2);
                    uint16_t *at = ESNN_AT(entries, *list);
                    *at++ = (uint16_t)entry;
                    *list = ESNN_REF(entries, at);
                    lists >>= 8;
                } while (lists != 0);
            }
            entry += ESNN_ROW_UNIT;
        }
        ESNN_WALK(line, part->line_bytes);
    }
}
