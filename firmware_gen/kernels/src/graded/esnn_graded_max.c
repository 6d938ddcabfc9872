#include <stddef.h>

#include "esnn_graded_pool.h"

static inline uint8_t esnn_larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

static inline uint8_t esnn_clamped(const esnn_graded_pool_t *layer, uint8_t code)
{
    return code < layer->low ? layer->low : code > layer->high ? layer->high : code;
}

#if ESNN_CHAIN_DSP

/** The larger of each two bytes. */
static inline uint32_t esnn_larger_bytes(uint32_t a, uint32_t b)
{
    uint32_t most;
    __asm__("usub8 %0, %1, %2\n"
            "sel %0, %1, %2"
            : "=&r"(most)
            : "r"(a), "r"(b)
            : "cc");
    return most;
}

/** Channels four by four, of aligned positions. */
static void esnn_max_four(const esnn_graded_pool_t *layer, const uint8_t *line, uint32_t lines, uint32_t positions,
                          uint8_t *to)
{
    uint32_t most = 0;
    for (; lines != 0; --lines) {
        const uint8_t *at = line;
        for (uint32_t i = positions; i != 0; --i) {
            most = esnn_larger_bytes(most, *(const uint32_t *)(const void *)at);
            ESNN_WALK(at, layer->channels);
        }
        ESNN_WALK(line, layer->line_bytes);
    }
    to[0] = esnn_clamped(layer, (uint8_t)most);
    to[1] = esnn_clamped(layer, (uint8_t)(most >> 8));
    to[2] = esnn_clamped(layer, (uint8_t)(most >> 16));
    to[3] = esnn_clamped(layer, (uint8_t)(most >> 24));
}

#else

/** Channels four by four. */
static void esnn_max_four(const esnn_graded_pool_t *layer, const uint8_t *line, uint32_t lines, uint32_t positions,
                          uint8_t *to)
{
    uint8_t a = 0, b = 0, c = 0, d = 0;
    for (; lines != 0; --lines) {
        const uint8_t *at = line;
        for (uint32_t i = positions; i != 0; --i) {
            a = esnn_larger(a, at[0]);
            b = esnn_larger(b, at[1]);
            c = esnn_larger(c, at[2]);
            d = esnn_larger(d, at[3]);
            ESNN_WALK(at, layer->channels);
        }
        ESNN_WALK(line, layer->line_bytes);
    }
    to[0] = esnn_clamped(layer, a);
    to[1] = esnn_clamped(layer, b);
    to[2] = esnn_clamped(layer, c);
    to[3] = esnn_clamped(layer, d);
}

#endif

static uint8_t esnn_max_one(const esnn_graded_pool_t *layer, const uint8_t *line, uint32_t lines, uint32_t positions)
{
    uint8_t most = 0;
    for (; lines != 0; --lines) {
        const uint8_t *at = line;
        for (uint32_t i = positions; i != 0; --i) {
            most = esnn_larger(most, *at);
            ESNN_WALK(at, layer->channels);
        }
        ESNN_WALK(line, layer->line_bytes);
    }
    return esnn_clamped(layer, most);
}

esnn_status_t esnn_graded_max(const esnn_graded_pool_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint32_t fours = (layer->channels & 3u) == 0;
    uint8_t *to = arena + layer->output;
    for (uint32_t y = 0; y < layer->height; ++y) {
        const esnn_span_t *rows = &layer->rows[y];
        for (uint32_t x = 0; x < layer->width; ++x) {
            const esnn_span_t *columns = &layer->columns[x];
            const uint8_t *from = arena + layer->input + rows->offset + columns->offset;
            const uint8_t *const end = from + layer->channels;
            while (from != end) {
                if (fours) {
                    esnn_max_four(layer, from, rows->count, columns->count, to);
                    from += 4;
                    to += 4;
                } else {
                    *to++ = esnn_max_one(layer, from++, rows->count, columns->count);
                }
            }
        }
    }
    return ESNN_OK;
}
