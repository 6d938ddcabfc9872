#include <string.h>

#include "esnn_vector.h"

#if !defined(ESNN_PORTABLE) && defined(__thumb2__)

/** Appends the rows of the inputs whose bit is set in `mask` to the list that `mark` (bytes) holds; keeps no bit. */
#define ESNN_APPEND(mask, mark)                                                                                      \
    "beq 2f\n"                                                                                                       \
    "ldr %[list], [%[marks], #" mark "]\n"                                                                           \
    "1:\n"                                                                                                           \
    "clz %[k], " mask "\n"                                                                                           \
    "ldrh %[entry], [%[place], %[k], lsl #1]\n"                                                                      \
    "lsr %[k], %[top], %[k]\n"                                                                                       \
    "add %[entry], %[entry], %[first]\n"                                                                             \
    "eors " mask ", " mask ", %[k]\n"                                                                                \
    "strh %[entry], [%[list]], #2\n"                                                                                 \
    "bne 1b\n"                                                                                                       \
    "str %[list], [%[marks], #" mark "]\n"                                                                           \
    "2:\n"

/** Splits 32 inputs by the places a, b, c, d of the chain, and lists them. */
static inline void esnn_list_word(const uint16_t *place, uint32_t first, uint32_t a, uint32_t b, uint32_t c,
                                  uint32_t d, esnn_marks_t *marks)
{
    uint32_t shared, k, entry, list;
    __asm__ volatile(
        "and %[shared], %[c], %[d]\n"
        "eors %[c], %[c], %[shared]\n" ESNN_APPEND("%[c]", "20") "eors %[d], %[d], %[shared]\n" ESNN_APPEND(
            "%[d]",
            "24") "and %[c], %[b], %[shared]\n" /* bcd */
                  "eors %[b], %[b], %[c]\n" ESNN_APPEND("%[b]", "12") "eors %[shared], %[shared], %[c]\n" ESNN_APPEND(
                      "%[shared]",
                      "16") "and %[b], %[a], %[c]\n" /* abcd */
                            "eors %[a], %[a], %[b]\n" ESNN_APPEND("%[a]", "4") "eors %[c], %[c], %[b]\n" ESNN_APPEND(
                                "%[c]", "8") "cmp %[b], #0\n" ESNN_APPEND("%[b]", "0")
        : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [shared] "=&r"(shared), [k] "=&r"(k),
          [entry] "=&r"(entry), [list] "=&r"(list)
        : [place] "r"(place), [first] "r"(first), [marks] "r"(marks), [top] "r"(0x80000000u)
        : "cc", "memory");
}

#else

static uint16_t *esnn_append(const uint16_t *place, uint32_t mask, uint32_t first, uint16_t *list)
{
    while (mask != 0) {
        const uint32_t k = (uint32_t)__builtin_clz(mask);
        mask ^= 0x80000000u >> k;
        *list++ = (uint16_t)(first + place[k]);
    }
    return list;
}

/** Splits 32 inputs by the places a, b, c, d of the chain, and lists them. */
static void esnn_list_word(const uint16_t *place, uint32_t first, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                           esnn_marks_t *marks)
{
    const uint32_t cd = c & d, bcd = b & cd, abcd = a & bcd;
    const uint32_t masks[ESNN_PARTS] = {abcd, a ^ abcd, bcd ^ abcd, b ^ bcd, cd ^ bcd, c ^ cd, d ^ cd};
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        marks->part[part] = esnn_append(place, masks[part], first, marks->part[part]);
    }
}

#endif

static inline uint32_t esnn_load(const uint8_t *at)
{
    uint32_t bits;
    memcpy(&bits, at, 4);
    return bits;
}

void esnn_vector_list(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, esnn_marks_t *marks)
{
    const uint16_t *place = layer->place;
    const uint32_t at_a = layer->plane[0], at_b = layer->plane[1], at_c = layer->plane[2], at_d = layer->plane[3];
    uint32_t row = 0; /* of the position's first input */
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        marks->part[part] = (uint16_t *)(void *)lists;
        lists += layer->list_bytes;
    }
    for (int32_t x = layer->width; x != 0; --x) {
        const uint8_t *at = spikes;
        uint32_t first = row;
        marks[1] = marks[0];
        ++marks;
        for (uint32_t left = layer->words; left != 0; --left) {
            const uint32_t a = esnn_load(at + at_a), b = esnn_load(at + at_b);
            const uint32_t c = esnn_load(at + at_c), d = esnn_load(at + at_d);
            if ((a | b | c | d) != 0) {
                esnn_list_word(place, first, a, b, c, d, marks);
            }
            at += 4;
            first += layer->word_units;
            __asm__("" : "+r"(at)); /* one pointer, not four */
        }
        if (layer->last_half) {
            const uint32_t a = *(const uint16_t *)(const void *)(at + at_a),
                           b = *(const uint16_t *)(const void *)(at + at_b);
            const uint32_t c = *(const uint16_t *)(const void *)(at + at_c),
                           d = *(const uint16_t *)(const void *)(at + at_d);
            esnn_list_word(place, first, a, b, c, d, marks);
        }
        spikes += layer->position_bytes;
        row += layer->position_units;
    }
}
