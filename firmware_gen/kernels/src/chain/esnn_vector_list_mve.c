#include "esnn_asm.h"
#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

ESNN_ASM_STACK(4);

#include <arm_mve.h>

/*
 * All positions of a line in one piece. Registers: r0 esnn_listing_t; r1 spikes; r2 row of the 32nd input from here
 * (with a table: of the first); r3 .. r6 the spikes of 32 inputs at the places a, b, c, d; r7 .. r10 scratch; r11
 * 0x80000000; r12 marks; q2, q3 bytes from them to the marks of the parts 0 .. 3, and 3 .. 6.
 */

/** What it needs besides; offsets of its fields stand in the code. */
typedef struct {
    uint32_t plane[4];  /* 0 */
    uint16_t *list[8];  /* 16: by part; 7 used */
    uint32_t mark_step; /* 48: bytes */
    uint32_t words;
    uint32_t word_units; /* 56 */
    uint32_t left;       /* words */
    uint32_t rest_bytes; /* 64: from behind the words to the next position */
    uint32_t rest_units;
    const uint8_t *end; /* 72: of the line */
    uint32_t half;      /* 76 */
} esnn_listing_t;

_Static_assert(sizeof(esnn_listing_t) == 80, "offsets stand in the code");

/** Appends the rows of the inputs whose bit is set in `mask` to the list at `list` (bytes); keeps no bit. */
#define ESNN_APPEND(number, mask, list)                                                                              \
    "beq 22f\n"                                                                                                      \
    "ldr r10, [r0, #" list "]\n"                                                                                     \
    "21:\n"                                                                                                          \
    "clz r8, " mask "\n" number "lsr r8, r11, r8\n"                                                                  \
    "eors " mask ", " mask ", r8\n"                                                                                  \
    "strh r9, [r10], #2\n"                                                                                           \
    "bne 21b\n"                                                                                                      \
    "str r10, [r0, #" list "]\n"                                                                                     \
    "22:\n"

/* The row of input 31 - r8, for rows of 1, 2, 4 or 3 units, and of any number. */
#define ESNN_ROWS_1 "sub r9, r2, r8\n"
#define ESNN_ROWS_2 "sub r9, r2, r8, lsl #1\n"
#define ESNN_ROWS_4 "sub r9, r2, r8, lsl #2\n"
#define ESNN_ROWS_3                                                                                                  \
    "sub r9, r2, r8\n"                                                                                               \
    "sub r9, r9, r8, lsl #1\n"
#define ESNN_ROWS_ANY                                                                                                \
    "ldrh r9, [lr, r8, lsl #1]\n"                                                                                    \
    "add r9, r9, r2\n"

/** Splits 32 inputs by place, and lists them, unless all are silent. */
#define ESNN_SPLIT(number)                                                                                           \
    "orr r7, r3, r4\n"                                                                                               \
    "orr r8, r5, r6\n"                                                                                               \
    "orrs r7, r7, r8\n"                                                                                              \
    "beq 23f\n"                                                                                                      \
    "and r7, r5, r6\n" /* cd */                                                                                      \
    "eors r5, r5, r7\n" ESNN_APPEND(number, "r5", "36") "eors r6, r6, r7\n" ESNN_APPEND(                             \
        number, "r6",                                                                                                \
        "40") "and r5, r4, r7\n" /* bcd */                                                                           \
              "eors r4, r4, r5\n" ESNN_APPEND(number, "r4", "28") "eors r7, r7, r5\n" ESNN_APPEND(                   \
                  number, "r7",                                                                                      \
                  "32") "and r4, r3, r5\n" /* abcd */                                                                \
                        "eors r3, r3, r4\n" ESNN_APPEND(number, "r3", "20") "eors r5, r5, r4\n" ESNN_APPEND(         \
                            number, "r5", "24") "cmp r4, #0\n" ESNN_APPEND(number, "r4", "16") "23:\n"

#define ESNN_FETCH(how)                                                                                              \
    "ldm r0, {r3, r4, r5, r6}\n" how " r3, [r1, r3]\n" how " r4, [r1, r4]\n" how " r5, [r1, r5]\n" how               \
    " r6, [r1, r6]\n"

/* clang-format off */
#define ESNN_WHOLE_WORDS(number) \
    "ldr r7, [r0, #52]\n" \
    "cmp r7, #0\n" \
    "beq 12f\n" \
    "11:\n" \
    "str r7, [r0, #60]\n" \
    ESNN_FETCH("ldr") \
    "adds r1, #4\n" \
    ESNN_SPLIT(number) \
    "ldrd r8, r7, [r0, #56]\n" \
    "add r2, r2, r8\n" \
    "subs r7, #1\n" \
    "bne 11b\n" \
    "12:\n" \
    "ldr r7, [r0, #76]\n" \
    "cmp r7, #0\n" \
    "beq 13f\n"

#define ESNN_LINE(words, number) \
    "b 10f\n" \
    "1:\n" \
    words \
    ESNN_FETCH("ldrh") \
    ESNN_SPLIT(number) \
    "13:\n" \
    "ldrd r7, r8, [r0, #64]\n" \
    "add r1, r1, r7\n" \
    "add r2, r2, r8\n" \
    "10:\n" \
    "vldrw.u32 q0, [r0, #16]\n" \
    "vldrw.u32 q1, [r0, #28]\n" \
    "vstrw.32 q0, [r12, q2]\n" \
    "vstrw.32 q1, [r12, q3]\n" \
    "ldr r7, [r0, #72]\n" \
    "ldr r8, [r0, #48]\n" \
    "add r12, r12, r8\n" \
    "cmp r1, r7\n" \
    "bne 1b\n"
/* clang-format on */

/** A function for rows of some units. */
#define ESNN_FUNCTION(name, words, number)                                                                           \
    static __attribute__((noinline)) uint16_t **name(esnn_listing_t *listing, const uint8_t *spikes, uint32_t row,   \
                                                     uint16_t **marks, const uint16_t *place, uint32x4_t early,      \
                                                     uint32x4_t late)                                                \
    {                                                                                                                \
        register esnn_listing_t *r0 __asm__("r0") = listing;                                                         \
        register const uint8_t *r1 __asm__("r1") = spikes;                                                           \
        register uint32_t r2 __asm__("r2") = row;                                                                    \
        register uint32_t r11 __asm__("r11") = 0x80000000u;                                                          \
        register uint16_t **r12 __asm__("r12") = marks;                                                              \
        register const uint16_t *lr __asm__("lr") = place;                                                           \
        register uint32x4_t q2 __asm__("q2") = early;                                                                \
        register uint32x4_t q3 __asm__("q3") = late;                                                                 \
        __asm__ volatile("push {r7}\n" ESNN_LINE(words, number) "pop {r7}\n"                                         \
                         : "+r"(r1), "+r"(r2), "+r"(r12)                                                             \
                         : "r"(r0), "r"(r11), "r"(lr), "w"(q2), "w"(q3)                                              \
                         : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "q0", "q1", "cc", "memory");                   \
        return r12;                                                                                                  \
    }

ESNN_FUNCTION(esnn_list_halves_1, "", ESNN_ROWS_1)
ESNN_FUNCTION(esnn_list_halves_2, "", ESNN_ROWS_2)
ESNN_FUNCTION(esnn_list_1, ESNN_WHOLE_WORDS(ESNN_ROWS_1), ESNN_ROWS_1)
ESNN_FUNCTION(esnn_list_2, ESNN_WHOLE_WORDS(ESNN_ROWS_2), ESNN_ROWS_2)
ESNN_FUNCTION(esnn_list_4, ESNN_WHOLE_WORDS(ESNN_ROWS_4), ESNN_ROWS_4)
ESNN_FUNCTION(esnn_list_3, ESNN_WHOLE_WORDS(ESNN_ROWS_3), ESNN_ROWS_3)
ESNN_FUNCTION(esnn_list_any, ESNN_WHOLE_WORDS(ESNN_ROWS_ANY), ESNN_ROWS_ANY)

/** Where the lists stand in front of a position. @return the marks of the next one. */
static inline uint16_t **esnn_mark(const esnn_vector_t *layer, uint16_t *const *list, uint16_t **marks,
                                   uint32x4_t early, uint32x4_t late)
{
    uint32_t *at = (uint32_t *)(void *)marks;
    vstrwq_scatter_offset_u32(at, early, vld1q_u32((const uint32_t *)(const void *)list));
    vstrwq_scatter_offset_u32(at, late, vld1q_u32((const uint32_t *)(const void *)(list + 3)));
    return marks + layer->mark_step;
}

void esnn_vector_list_mve(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, uint16_t **marks)
{
    esnn_listing_t listing = {
        .plane = {layer->plane[0], layer->plane[1], layer->plane[2], layer->plane[3]},
        .mark_step = layer->mark_step << 2,
        .words = layer->words,
        .word_units = layer->word_units,
        .rest_bytes = layer->position_bytes - (layer->words << 2),
        .end = spikes + layer->line_bytes,
        .half = layer->last_half,
    };
    for (uint32_t part = 0; part < ESNN_PARTS; ++part) {
        listing.list[part] = (uint16_t *)(void *)lists;
        ESNN_WALK(lists, layer->list_bytes);
    }
    uint32_t rest = layer->position_units;
    for (uint32_t left = layer->words; left != 0; --left) {
        ESNN_WALK_BACK(rest, layer->word_units);
    }
    listing.rest_units = rest;
    uint32x4_t early = vdupq_n_u32(0), late = early; /* marks of a part lie behind each other */
    for (int32_t line = layer->kernel_height; line != 0; --line) {
        early = vaddq_u32(early, vidupq_n_u32(0, 4));
        late = vaddq_n_u32(late, 12);
    }
    late = vaddq_u32(late, early);
    for (int32_t x = layer->left; x != 0; --x) {
        marks = esnn_mark(layer, listing.list, marks, early, late);
    }
    const uint32_t blocks = layer->blocks, row = (blocks << 5) - blocks; /* of input 31 */
    if (blocks == 1u && layer->words == 0) {
        marks = esnn_list_halves_1(&listing, spikes, row, marks, NULL, early, late);
    } else if (blocks == 2u && layer->words == 0) {
        marks = esnn_list_halves_2(&listing, spikes, row, marks, NULL, early, late);
    } else if (blocks == 1u) {
        marks = esnn_list_1(&listing, spikes, row, marks, NULL, early, late);
    } else if (blocks == 2u) {
        marks = esnn_list_2(&listing, spikes, row, marks, NULL, early, late);
    } else if (blocks == 3u) {
        marks = esnn_list_3(&listing, spikes, row, marks, NULL, early, late);
    } else if (blocks == 4u) {
        marks = esnn_list_4(&listing, spikes, row, marks, NULL, early, late);
    } else {
        marks = esnn_list_any(&listing, spikes, 0, marks, layer->place, early, late);
    }
    for (uint32_t x = layer->right_marks; x != 0; --x) {
        marks = esnn_mark(layer, listing.list, marks, early, late);
    }
}

#endif
