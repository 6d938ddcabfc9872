#include "esnn_rows.h"

uint32_t esnn_list_active(const uint8_t *bits, uint32_t bytes, uint32_t first, uint32_t step, uint16_t *rows)
{
    uint16_t *next = rows;
    for (uint32_t i = 0; i < bytes; ++i) {
        uint32_t row = first;
        for (uint32_t byte = bits[i]; byte != 0; byte >>= 1) {
            if (byte & 1u) {
                *next++ = (uint16_t)row;
            }
            row += step;
        }
        first += step << 3;
    }
    return (uint32_t)(next - rows);
}
