#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

static inline void esnn_or_bytes(const uint8_t *from, uint8_t *to, uint32_t bytes)
{
    for (; bytes >= 16u; bytes -= 16u) {
        ESNN_HIDE(bytes);
        vst1q_u8(to, vorrq_u8(vld1q_u8(to), vld1q_u8(from)));
        from += 16;
        to += 16;
    }
    if (bytes != 0) {
        const uint32_t *rest = (const uint32_t *)(const void *)from;
        uint32_t *word = (uint32_t *)(void *)to;
        word[0] |= rest[0];
        word[1] |= rest[1];
    }
}

#else

static inline void esnn_or_bytes(const uint8_t *from, uint8_t *to, uint32_t bytes)
{
    for (; bytes != 0; --bytes) {
        *to++ |= *from++;
    }
}

#endif

void esnn_vector_pool(const esnn_neuron_t *neuron, const esnn_place_t *place, const uint8_t *spikes, uint32_t bytes,
                      uint8_t *arena)
{
    const esnn_window_t *window = neuron->window;
    const esnn_span_t *rows = &window->rows[place->y];
    const esnn_span_t *columns = &window->columns[place->x];
    const uint32_t across = columns->count, step = window->position_stride;
    uint8_t *line = arena + neuron->offset + rows->offset + columns->offset;
    if (bytes == 8u) { /* 16 channels */
        const uint32_t *from = (const uint32_t *)(const void *)spikes;
        const uint32_t low = from[0], high = from[1];
        for (uint32_t i = rows->count; i != 0; --i) {
            uint32_t *to = (uint32_t *)(void *)line;
            for (uint32_t j = across; j != 0; --j) {
                const uint32_t first = to[0] | low, second = to[1] | high;
                to[0] = first;
                to[1] = second;
                to = (uint32_t *)(void *)((uint8_t *)to + step);
                ESNN_HIDE(to);
            }
            ESNN_WALK(line, window->row_stride);
        }
        return;
    }
    for (uint32_t i = rows->count; i != 0; --i) {
        uint8_t *position = line;
        for (uint32_t j = across; j != 0; --j) {
            esnn_or_bytes(spikes, position, bytes);
            ESNN_WALK(position, step);
        }
        ESNN_WALK(line, window->row_stride);
    }
}
