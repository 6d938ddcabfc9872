#include "esnn_link.h"

uint32_t esnn_get_u16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

uint32_t esnn_get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint8_t *esnn_put_u16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    return bytes + 2;
}

uint8_t *esnn_put_u32(uint8_t *bytes, uint32_t value)
{
    esnn_put_u16(bytes, value);
    esnn_put_u16(bytes + 2, value >> 16);
    return bytes + 4;
}
