#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

/* The largest of 8 numbers of one to three positions. */
#define ESNN_MAX_1 "vldrh.u16 q0, [%[from]], #16\n"
#define ESNN_MAX_2                                                                                                   \
    ESNN_MAX_1 "vldrh.u16 q1, [%[second]], #16\n"                                                                    \
               "vmax.s16 q0, q0, q1\n"
#define ESNN_MAX_3                                                                                                   \
    ESNN_MAX_2 "vldrh.u16 q1, [%[third]], #16\n"                                                                     \
               "vmax.s16 q0, q0, q1\n"

/* They raise one window or two. */
#define ESNN_RAISE(to)                                                                                               \
    "vldrh.u16 q1, [" to "]\n"                                                                                       \
    "vmax.s16 q1, q1, q0\n"                                                                                          \
    "vstrh.16 q1, [" to "], #16\n"
#define ESNN_RAISE_1 ESNN_RAISE("%[to]")
#define ESNN_RAISE_2 ESNN_RAISE("%[to]") ESNN_RAISE("%[below]")

#define ESNN_WINDOW(max, raise)                                                                                      \
    __asm__ volatile(                                                                                                \
        "dls lr, %[steps]\n"                                                                                         \
        "1:\n" max raise max raise max raise max raise "le lr, 1b\n"                                                 \
        : [from] "+r"(from), [second] "+r"(second), [third] "+r"(third), [to] "+r"(to), [below] "+r"(below)          \
        : [steps] "r"(steps)                                                                                         \
        : "lr", "q0", "q1", "memory")

/** One to three positions raise one window or two. @param blocks  of 16 channels, at four steps */
static inline void esnn_raise(const int16_t *from, uint32_t count, uint32_t blocks, uint8_t *to, uint32_t rows,
                              uint32_t row_stride)
{
    const int16_t *second = from + (blocks << 6), *third = second + (blocks << 6);
    uint8_t *below = to + row_stride;
    const uint32_t steps = blocks << 1; /* of four vectors */
    if (count == 1u) {
        if (rows == 1u) {
            ESNN_WINDOW(ESNN_MAX_1, ESNN_RAISE_1);
        } else {
            ESNN_WINDOW(ESNN_MAX_1, ESNN_RAISE_2);
        }
    } else if (count == 2u) {
        if (rows == 1u) {
            ESNN_WINDOW(ESNN_MAX_2, ESNN_RAISE_1);
        } else {
            ESNN_WINDOW(ESNN_MAX_2, ESNN_RAISE_2);
        }
    } else if (rows == 1u) {
        ESNN_WINDOW(ESNN_MAX_3, ESNN_RAISE_1);
    } else {
        ESNN_WINDOW(ESNN_MAX_3, ESNN_RAISE_2);
    }
}

void esnn_vector_pool_max_mve(const esnn_vector_t *layer, const esnn_finish_t *finish, uint32_t y,
                              const int16_t *sums, uint8_t *arena)
{
    const esnn_window_t *window = finish->pooled_window;
    const uint32_t row_stride = window->row_stride, blocks = layer->blocks;
    uint8_t *line = arena + finish->pooled->offset + window->rows[y].offset;
    for (uint32_t rows = window->rows[y].count; rows != 0;) {
        const uint32_t some = rows == 1u ? 1u : 2u;
        const esnn_span_t *span = layer->windows;
        uint8_t *position = line;
        for (uint32_t i = layer->window_count; i != 0; --i) {
            const int16_t *from = sums + (span->offset >> 1);
            for (uint32_t count = span->count; count != 0;) {
                const uint32_t few = count < 3u ? count : 3u;
                esnn_raise(from, few, blocks, position, some, row_stride);
                ESNN_WALK(from, blocks << 7);
                ESNN_WALK(from, blocks << 6);
                count -= few;
            }
            ESNN_WALK(position, window->position_stride);
            ++span;
        }
        ESNN_WALK(line, row_stride << 1);
        rows -= some;
    }
}

#endif
