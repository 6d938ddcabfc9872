#include <string.h>

#include "esnn_vector.h"

/** Appends the rows of the inputs whose bit is set, from the highest one down; `mask` is not 0. */
static inline uint16_t *esnn_append(const uint16_t *place, uint32_t mask, uint32_t first, uint16_t *list)
{
#if !defined(ESNN_PORTABLE) && defined(__thumb2__)
    uint32_t k, entry;
    __asm__ volatile("1:\n"
                     "clz %[k], %[mask]\n"
                     "ldrh %[entry], [%[place], %[k], lsl #1]\n"
                     "lsr %[k], %[top], %[k]\n"
                     "add %[entry], %[entry], %[first]\n"
                     "eors %[mask], %[mask], %[k]\n"
                     "strh %[entry], [%[list]], #2\n"
                     "bne 1b\n"
                     : [mask] "+r"(mask), [list] "+r"(list), [k] "=&r"(k), [entry] "=&r"(entry)
                     : [place] "r"(place), [first] "r"(first), [top] "r"(0x80000000u)
                     : "cc", "memory");
#else
    while (mask != 0) {
        const uint32_t k = (uint32_t)__builtin_clz(mask);
        mask ^= 0x80000000u >> k;
        *list++ = (uint16_t)(first + place[k]);
    }
#endif
    return list;
}

#define ESNN_PART(number, bits)                                                                                      \
    do {                                                                                                             \
        const uint32_t part = (bits);                                                                                \
        if (part != 0) {                                                                                             \
            marks->part[number] = esnn_append(place, part, first, marks->part[number]);                              \
        }                                                                                                            \
    } while (0)

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
    const uint16_t *place = layer->place;
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
                ESNN_PART(0, abcd);
                ESNN_PART(1, a ^ abcd);
                ESNN_PART(2, bcd ^ abcd);
                ESNN_PART(3, b ^ bcd);
                ESNN_PART(4, cd ^ bcd);
                ESNN_PART(5, c ^ cd);
                ESNN_PART(6, d ^ cd);
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
