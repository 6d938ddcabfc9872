#include "esnn_trace.h"

uint32_t esnn_tensor_read(const esnn_tensor_t *tensor, const uint8_t *arena, uint32_t offset, uint8_t *to,
                          uint32_t room)
{
    const uint8_t *row = arena + tensor->offset;
    uint32_t left = tensor->rows; /* rows from this one on */
    for (; left != 0 && offset >= tensor->bytes; --left) {
        offset -= tensor->bytes;
        row += tensor->stride;
    }
    uint32_t count = 0;
    while (left != 0 && count < room) {
        const uint8_t bits = offset + 1u == tensor->bytes ? (uint8_t)tensor->last_bits : 0xffu;
        to[count++] = row[offset++] & bits;
        if (offset == tensor->bytes) {
            offset = 0;
            row += tensor->stride;
            --left;
        }
    }
    return count;
}
