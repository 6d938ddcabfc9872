#include <string.h>

#include "esnn_vector.h"

/** Appends the rows of the inputs whose bit is set, from the highest one down. */
static inline void esnn_append(const esnn_vector_t *layer, uint32_t mask, uint32_t first, uint16_t **list)
{
    if (mask == 0) {
        return;
    }
    uint16_t *at = *list;
    do {
#if defined(__ARM_FEATURE_CLZ) || defined(__GNUC__)
        const uint32_t k = (uint32_t)__builtin_clz(mask);
#endif
        mask ^= 0x80000000u >> k;
        *at++ = (uint16_t)(first + layer->place[k]);
    } while (mask != 0);
    *list = at;
}

/** 32 inputs of one step; a last group of 16 inputs ends there. */
static inline uint32_t esnn_load(const uint8_t *at, uint32_t half)
{
    uint32_t bits = 0;
    if (half) {
        bits = *(const uint16_t *)(const void *)at;
    } else {
        memcpy(&bits, at, 4);
    }
    return bits;
}

void esnn_vector_list(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, esnn_marks_t *marks)
{
    uint32_t row = 0; /* of the position's first input */
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        marks->part[part] = (uint16_t *)(void *)lists;
        lists += layer->list_bytes;
    }
    for (int32_t x = layer->width; x != 0; --x) {
        const uint8_t *at_a = spikes + layer->plane[0], *at_b = spikes + layer->plane[1];
        const uint8_t *at_c = spikes + layer->plane[2], *at_d = spikes + layer->plane[3];
        uint32_t first = row;
        marks[1] = marks[0];
        ++marks;
        for (uint32_t left = layer->words; left != 0; --left) {
            const uint32_t half = left == 1u && layer->last_half;
            const uint32_t a = esnn_load(at_a, half);
            const uint32_t b = esnn_load(at_b, half);
            const uint32_t c = esnn_load(at_c, half);
            const uint32_t d = esnn_load(at_d, half);
            if ((a | b | c | d) != 0) {
                const uint32_t cd = c & d, bcd = b & cd, abcd = a & bcd;
                esnn_append(layer, abcd, first, &marks->part[0]);
                esnn_append(layer, a & ~abcd, first, &marks->part[1]);
                esnn_append(layer, bcd & ~abcd, first, &marks->part[2]);
                esnn_append(layer, b & ~bcd, first, &marks->part[3]);
                esnn_append(layer, cd & ~bcd, first, &marks->part[4]);
                esnn_append(layer, c & ~cd, first, &marks->part[5]);
                esnn_append(layer, d & ~cd, first, &marks->part[6]);
            }
            at_a += 4;
            at_b += 4;
            at_c += 4;
            at_d += 4;
            first += layer->word_units;
        }
        spikes += layer->position_bytes;
        row += layer->position_units;
    }
}
