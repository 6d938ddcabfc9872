#include <string.h>

#include "esnn_vector.h"

static uint16_t *esnn_append(const uint16_t *place, uint32_t mask, uint32_t first, uint16_t *list)
{
    for (; mask != 0; mask <<= 1) { /* not by counting zeros, which may take a multiply */
        if (mask >> 31 != 0) {
            *list++ = (uint16_t)(first + *place);
        }
        ++place;
    }
    return list;
}

/** Splits 32 inputs by the places a, b, c, d of the chain, and lists them. */
static void esnn_list_word(const uint16_t *place, uint32_t first, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                           uint16_t **list)
{
    const uint32_t cd = c & d, bcd = b & cd, abcd = a & bcd;
    const uint32_t masks[ESNN_PARTS] = {abcd, a ^ abcd, bcd ^ abcd, b ^ bcd, cd ^ bcd, c ^ cd, d ^ cd};
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        list[part] = esnn_append(place, masks[part], first, list[part]);
    }
}

static uint32_t esnn_load(const uint8_t *at)
{
    uint32_t bits;
    memcpy(&bits, at, 4);
    return bits;
}

static uint32_t esnn_half(const uint8_t *at)
{
    return *(const uint16_t *)(const void *)at;
}

/** Where the lists stand in front of a position. @return the marks of the next one. */
static uint16_t **esnn_mark(const esnn_vector_t *layer, uint16_t *const *list, uint16_t **marks)
{
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        *marks = list[part];
        ESNN_WALK(marks, layer->kernel_height);
    }
    return marks;
}

void esnn_vector_list_portable(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, uint16_t **marks)
{
    const uint32_t *plane = layer->plane;
    uint16_t *list[ESNN_PARTS];
    uint32_t row = 0; /* of the position's first input */
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        list[part] = (uint16_t *)(void *)lists;
        ESNN_WALK(lists, layer->list_bytes);
    }
    for (int32_t x = 0; x < layer->width; ++x) {
        for (int32_t times = x == 0 ? layer->left + 1 : 1; times != 0; --times) {
            marks = esnn_mark(layer, list, marks);
        }
        const uint8_t *at = spikes;
        uint32_t first = row;
        for (uint32_t left = layer->words; left != 0; --left) {
            esnn_list_word(layer->place, first, esnn_load(at + plane[0]), esnn_load(at + plane[1]),
                           esnn_load(at + plane[2]), esnn_load(at + plane[3]), list);
            at += 4;
            ESNN_WALK(first, layer->word_units);
        }
        if (layer->last_half) {
            esnn_list_word(layer->place, first, esnn_half(at + plane[0]), esnn_half(at + plane[1]),
                           esnn_half(at + plane[2]), esnn_half(at + plane[3]), list);
        }
        ESNN_WALK(spikes, layer->position_bytes);
        ESNN_WALK(row, layer->position_units);
    }
    for (uint32_t times = layer->right_marks + 1u; times != 0; --times) {
        marks = esnn_mark(layer, list, marks);
    }
}
