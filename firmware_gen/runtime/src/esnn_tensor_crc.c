#include "esnn_link.h"
#include "esnn_trace.h"

uint32_t esnn_tensor_crc(const esnn_tensor_t *tensor, const uint8_t *arena)
{
    const uint8_t *row = arena + tensor->offset;
    const uint32_t whole = tensor->bytes - 1u;
    uint32_t crc = 0;
    for (uint32_t i = 0; i < tensor->rows; ++i) {
        const uint8_t last = (uint8_t)(row[whole] & tensor->last_bits);
        crc = esnn_crc32(esnn_crc32(crc, row, whole), &last, 1);
        row += tensor->stride;
    }
    return crc;
}
