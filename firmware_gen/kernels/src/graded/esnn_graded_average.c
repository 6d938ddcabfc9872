#include <stddef.h>

#include "esnn_graded_pool.h"

/** Codes that two 16-bit lanes can sum: 257 * 255 = 65,535. */
#define ESNN_LANES_HOLD 257u
#define ESNN_EVEN 0x00ff00ffu

/** Sums of four channels, and how many positions they are of. */
typedef struct {
    uint32_t sums[4];
    uint32_t positions;
} esnn_sums_t;

static void esnn_sum_four(const esnn_graded_pool_t *layer, const uint8_t *line, uint32_t lines, uint32_t positions,
                          esnn_sums_t *found)
{
    uint32_t even = 0, odd = 0, held = 0;
    *found = (esnn_sums_t){{0, 0, 0, 0}, 0};
    for (;;) {
        if (lines == 0 || held + positions > ESNN_LANES_HOLD) {
            found->sums[0] += even & 0xffffu;
            found->sums[1] += odd & 0xffffu;
            found->sums[2] += even >> 16;
            found->sums[3] += odd >> 16;
            found->positions += held;
            even = odd = held = 0;
        }
        if (lines == 0) {
            return;
        }
        const uint8_t *at = line;
        for (uint32_t i = positions; i != 0; --i) {
            const uint32_t four = *(const uint32_t *)(const void *)at;
            even += four & ESNN_EVEN;
            odd += (four >> 8) & ESNN_EVEN;
            ESNN_WALK(at, layer->channels);
        }
        ESNN_WALK(held, positions);
        ESNN_WALK(line, layer->line_bytes);
        --lines;
    }
}

static void esnn_sum_one(const esnn_graded_pool_t *layer, const uint8_t *line, uint32_t lines, uint32_t positions,
                         esnn_sums_t *found)
{
    *found = (esnn_sums_t){{0, 0, 0, 0}, 0};
    for (; lines != 0; --lines) {
        const uint8_t *at = line;
        for (uint32_t i = positions; i != 0; --i) {
            found->sums[0] += *at;
            ESNN_WALK(at, layer->channels);
        }
        ESNN_WALK(found->positions, positions);
        ESNN_WALK(line, layer->line_bytes);
    }
}

/** The code of a sum of codes, by a restoring division. */
static uint8_t esnn_average(const esnn_graded_pool_t *layer, uint32_t sum, uint32_t positions)
{
    const uint32_t zero = positions << 7;
    uint32_t left = (sum > zero ? sum - zero : zero - sum) + (positions >> 1), quotient = 0;
    for (uint32_t bit = 128, part = zero; bit != 0; bit >>= 1, part >>= 1) {
        if (left >= part) {
            left -= part;
            quotient += bit;
        }
    }
    const uint32_t code = sum > zero ? 128u + quotient : 128u - quotient;
    return (uint8_t)(code < layer->low ? layer->low : code > layer->high ? layer->high : code);
}

esnn_status_t esnn_graded_average(const esnn_graded_pool_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint32_t fours = (layer->channels & 3u) == 0, together = fours ? 4u : 1u;
    uint8_t *to = arena + layer->output;
    for (uint32_t y = 0; y < layer->height; ++y) {
        const esnn_span_t *rows = &layer->rows[y];
        for (uint32_t x = 0; x < layer->width; ++x) {
            const esnn_span_t *columns = &layer->columns[x];
            const uint8_t *from = arena + layer->input + rows->offset + columns->offset;
            const uint8_t *const end = from + layer->channels;
            while (from != end) {
                esnn_sums_t found;
                if (fours) {
                    esnn_sum_four(layer, from, rows->count, columns->count, &found);
                } else {
                    esnn_sum_one(layer, from, rows->count, columns->count, &found);
                }
                for (uint32_t i = 0; i < together; ++i) {
                    *to++ = esnn_average(layer, found.sums[i], found.positions);
                    ESNN_HIDE(to);
                }
                from += together;
            }
        }
    }
    return ESNN_OK;
}
