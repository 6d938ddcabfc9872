#include "esnn_graded_conv.h"

/** Adds to the lists of a code. */
static void add(uint16_t *size, uint32_t lists, uint32_t count)
{
    for (; lists != 0; lists >>= 8) {
        uint16_t *one = size + ((lists & 0xffu) >> 2);
        *one = (uint16_t)(*one + count);
    }
}

void esnn_graded_sizes(const esnn_graded_conv_t *conv, uint16_t *size, uint8_t *arena)
{
    uint16_t *tally = (uint16_t *)(void *)(arena + conv->tally);
    uint32_t *both = (uint32_t *)(void *)tally; /* two codes a word */
    const uint32_t *table = conv->table;
    for (uint32_t i = 0; i < conv->lists; ++i) {
        size[i] = 0;
    }
    --size; /* lists are numbered from 1 */
    tally[0] = 0;
    for (uint32_t left = 128; left != 0; --left) {
        if (*both != 0) {
            add(size, table[0], tally[0]);
            add(size, table[1], tally[1]);
            tally[0] = 0;
            tally[1] = 0;
        }
        ++both;
        tally += 2;
        table += 2;
    }
}
