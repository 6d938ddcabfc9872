#include "esnn_graded_conv.h"

void esnn_graded_sizes(const esnn_graded_conv_t *conv, uint16_t *size, uint8_t *arena)
{
    uint16_t *tally = (uint16_t *)(void *)(arena + conv->tally);
    const uint32_t *table = conv->table;
    for (uint32_t i = 0; i < conv->lists; ++i) {
        size[i] = 0;
    }
    --size; /* lists are numbered from 1 */
    tally[0] = 0;
    for (uint32_t left = 255; left != 0; --left) {
        const uint32_t count = *++tally;
        ++table;
        if (count == 0) {
            continue;
        }
        *tally = 0;
        for (uint32_t lists = *table; lists != 0; lists >>= 8) {
            uint16_t *one = size + (lists & 0xffu);
            *one = (uint16_t)(*one + count);
        }
    }
}
