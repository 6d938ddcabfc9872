#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/** ORs 16 bytes of some positions into some windows. */
static inline void esnn_or_vector(const uint8_t *from, uint32_t count, uint32_t stride, uint8_t *to, uint32_t rows,
                                  uint32_t row_stride)
{
    uint8x16_t bits = vld1q_u8(from);
    for (; count != 1u; --count) {
        ESNN_WALK(from, stride);
        bits = vorrq_u8(bits, vld1q_u8(from));
    }
    for (; rows != 0; --rows) {
        vst1q_u8(to, vorrq_u8(vld1q_u8(to), bits));
        ESNN_WALK(to, row_stride);
    }
}
#define ESNN_WIDE 16u

#else

#define ESNN_WIDE UINT32_MAX
static inline void esnn_or_vector(const uint8_t *from, uint32_t count, uint32_t stride, uint8_t *to, uint32_t rows,
                                  uint32_t row_stride)
{
    (void)from, (void)count, (void)stride, (void)to, (void)rows, (void)row_stride;
}

#endif

/** The same for 8 bytes. */
static inline void esnn_or_words(const uint8_t *from, uint32_t count, uint32_t stride, uint8_t *to, uint32_t rows,
                                 uint32_t row_stride)
{
    const uint32_t *at = (const uint32_t *)(const void *)from;
    uint32_t low = at[0], high = at[1];
    for (; count != 1u; --count) {
        ESNN_WALK(from, stride);
        at = (const uint32_t *)(const void *)from;
        low |= at[0];
        high |= at[1];
    }
    for (; rows != 0; --rows) {
        uint32_t *word = (uint32_t *)(void *)to;
        const uint32_t first = word[0] | low, second = word[1] | high;
        word[0] = first;
        word[1] = second;
        ESNN_WALK(to, row_stride);
    }
}

void esnn_vector_pool_line(const esnn_vector_t *layer, const esnn_neuron_t *neuron, uint32_t y, const uint8_t *spikes,
                           uint8_t *arena)
{
    const esnn_window_t *window = neuron->window;
    const uint32_t rows = window->rows[y].count, row_stride = window->row_stride;
    const uint32_t bytes = neuron->step_stride << 2;
    const esnn_span_t *span = layer->windows;
    uint8_t *to = arena + neuron->offset + window->rows[y].offset;
    for (uint32_t i = layer->window_count; i != 0; --i) {
        const uint8_t *from = spikes + span->offset;
        uint8_t *at = to;
        uint32_t left = bytes;
        for (; left >= ESNN_WIDE; left -= ESNN_WIDE) {
            esnn_or_vector(from, span->count, bytes, at, rows, row_stride);
            from += ESNN_WIDE;
            at += ESNN_WIDE;
        }
        for (; left != 0; left -= 8u) {
            esnn_or_words(from, span->count, bytes, at, rows, row_stride);
            from += 8;
            at += 8;
        }
        ESNN_WALK(to, window->position_stride);
        ++span;
    }
}
