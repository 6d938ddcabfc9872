#include "esnn_graded_conv.h"

void esnn_graded_list_portable(const uint32_t *table, const uint8_t *codes, uint32_t count, uint32_t entry,
                               esnn_place_ref_t *next, uint16_t *entries)
{
    (void)entries;
    for (; count != 0; --count) {
        const uint32_t code = *codes++;
        if (code != 0) {
            uint32_t lists = table[code];
            do {
                esnn_place_ref_t *list = next + (lists & 0xffu);
                uint16_t *at = ESNN_AT(entries, *list);
                *at++ = (uint16_t)entry;
                *list = ESNN_REF(entries, at);
                lists >>= 8;
            } while (lists != 0);
        }
        entry += ESNN_ROW_UNIT;
    }
}
