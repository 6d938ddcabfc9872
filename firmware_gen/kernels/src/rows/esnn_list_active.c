#include "esnn_bits.h"
#include "esnn_rows.h"

uint32_t esnn_list_active(const uint8_t *bits, uint32_t bytes, uint32_t first, const uint16_t *bit_rows,
                          uint16_t *rows)
{
    uint16_t *next = rows;
    const uint8_t *end = bits + bytes;
    while (bits != end) {
        uint32_t byte = *bits++;
        while (byte != 0) { /* zeros cost nothing */
            *next++ = (uint16_t)(first + bit_rows[esnn_lowest_bit[byte]]);
            byte &= byte - 1u;
        }
        first += bit_rows[8];
    }
    return (uint32_t)(next - rows);
}
