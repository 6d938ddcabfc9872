#include "esnn_link.h"

uint32_t esnn_cobs_decode(uint8_t *bytes, uint32_t length)
{
    uint32_t from = 0;
    uint32_t to = 0;
    while (from < length) {
        const uint32_t code = bytes[from];
        if (code == 0 || code > length - from) {
            return 0;
        }
        ++from;
        for (uint32_t i = 1; i < code; ++i) {
            if (bytes[from] == 0) {
                return 0;
            }
            bytes[to++] = bytes[from++];
        }
        if (code != 0xffu && from < length) {
            bytes[to++] = 0;
        }
    }
    return to;
}
