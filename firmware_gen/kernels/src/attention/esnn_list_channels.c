#include "esnn_attention.h"

uint32_t esnn_list_channels(const uint8_t *bits, uint32_t first, uint32_t width, uint16_t *list)
{
    uint16_t *next = list;
    for (uint32_t i = 0; i < width; ++i) {
        uint32_t channel = first + i;
        if ((bits[channel >> 3] >> (channel & 7u)) & 1u) {
            *next++ = (uint16_t)i;
        }
    }
    return (uint32_t)(next - list);
}
