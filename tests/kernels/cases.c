/* Runs cases that it reads and writes what kernels make of them: the same program for a computer and for a board. */
#include <string.h>

#include "esnn_block.h"
#include "esnn_context.h"
#include "esnn_conv.h"
#include "esnn_linear.h"

void case_begin(void);
void case_end(void);
uint32_t case_read(void *to, uint32_t bytes); /* bytes that were read */
void case_write(const void *from, uint32_t bytes);

#ifndef ROOM
#define ROOM 60000u
#endif
#define WEIGHTS (864u * ESNN_WORDS)

static _Alignas(8) uint8_t arena[ROOM];
static uint32_t weights[WEIGHTS];
static _Alignas(4) int16_t bias[48], narrow[48];
static int32_t threshold[48];
static esnn_span_t rows[8], columns[8];
static uint32_t used;

static void fail(void)
{
    case_write("no room", 7);
    case_end();
    for (;;) {
    }
}

/* Scratch holds what was there before: kernels may not rely on it. */
static uint32_t take(uint32_t bytes)
{
    const uint32_t at = used;
    used += (bytes + 7u) & ~7u;
    if (used > ROOM) {
        fail();
    }
    return at;
}

static uint32_t number(void)
{
    uint32_t value = 0;
    (void)case_read(&value, 4);
    return value;
}

/* Weights come as [blocks][inputs][4] words. */
static void read_weights(uint32_t count)
{
    if (count * ESNN_WORDS > WEIGHTS) {
        fail();
    }
    uint32_t *to = weights;
    for (; count != 0; --count) {
        const uint32_t word = number();
        const uint32_t made[] = {ESNN_WEIGHTS(word)};
        memcpy(to, made, sizeof made);
        to += ESNN_WORDS;
    }
}

/* Those of nibbles come as [blocks][inputs][2] words. */
static void read_nibbles(uint32_t count)
{
    if (count * ESNN_NIBBLE_WORDS > WEIGHTS) {
        fail();
    }
    uint32_t *to = weights;
    for (; count != 0; --count) {
        const uint32_t word = number();
        const uint32_t made[] = {ESNN_NIBBLES(word)};
        memcpy(to, made, sizeof made);
        to += ESNN_NIBBLE_WORDS;
    }
}

/* Of a window of `lines`; a line of the input has `line` positions; `lists` for sums. */
static void read_chain(esnn_chain_t *chain, uint32_t lines, uint32_t line, uint32_t lists)
{
    const uint32_t total = number(), blocks = (number() + ESNN_BLOCK - 1u) / ESNN_BLOCK;
    memset(chain, 0, sizeof *chain);
    chain->weights = weights;
    chain->bias = bias;
    chain->blocks = blocks;
    chain->channels = number();
    chain->inputs = number();
    chain->places = number();
    chain->row_bytes = (chain->inputs + 15u) / 16u * 2u;
    chain->position_bytes = chain->row_bytes * chain->places;
    for (uint32_t i = 0; i < chain->places; ++i) {
        const uint32_t step = number();
        chain->plane[i] = step * chain->row_bytes;
        chain->sum[i] = step * ESNN_BLOCK;
    }
    const uint32_t nibbles = number();
    if (nibbles) {
        chain->nibbles = ESNN_NIBBLE_ROWS;
        chain->block_words = total * 2u * ESNN_NIBBLE_WORDS;
        read_nibbles(blocks * total * 2u);
    } else {
        chain->block_words = total * 4u * ESNN_WORDS;
        read_weights(blocks * total * 4u);
    }
    for (uint32_t i = 0; i < blocks * ESNN_BLOCK; i += 4) {
        int16_t four[4];
        (void)case_read(four, 8);
        const int32_t a = four[0], b = four[1], c = four[2], d = four[3];
        const uint32_t made[] = {ESNN_BIAS(a, b, c, d)}, plain[] = {ESNN_NIBBLE_BIAS(a, b, c, d)};
        memcpy(bias + i, nibbles ? plain : made, sizeof made);
    }
    const uint32_t places = chain->places, most = places > 1u ? places - 1u : 1u;
    const uint32_t bytes = chain->inputs <= 8u ? 1u : chain->row_bytes;
    chain->position_map = bytes;
    chain->map_bytes = (line * bytes + 3u) / 4u * 4u;
    chain->column_rows = lines * chain->inputs;
#if ESNN_CHAIN_V6M
    chain->masks = take(8u * places * lines * ((chain->inputs + 31u) / 32u));
#else
    chain->map = take((lines + 1u) * (2u * places - 1u) * chain->map_bytes);
    chain->runs = take(sizeof(esnn_runs_t));
#endif
    chain->list = lists ? take((ESNN_CHAIN_V6M ? 4u : 2u) * (line * lines * chain->inputs * most + 2u * places)) : 0;
    chain->totals = take(8u * places);
    chain->sums = take(32u * places);
    chain->wide = take(64u * places);
}

static esnn_stream_t stream(uint32_t positions, uint32_t blocks, uint32_t steps)
{
    const uint32_t row = 32u * blocks, bytes = positions * row * steps;
    return (esnn_stream_t){take(bytes), bytes, row * steps, row, (uint8_t)steps, 0};
}

typedef struct {
    esnn_stream_t residual, pooled;
    esnn_window_t window;
    esnn_neuron_t neuron;
    uint32_t spikes;
} parts_t;

enum { RESIDUAL = 1, STORE = 2, POOL = 4, NEURON = 8, TERNARY = 16, WINDOW = 32 };

/* What is behind the sums, for `positions` positions, or `windows` pooled ones. */
static void read_finish(esnn_finish_t *finish, parts_t *parts, const esnn_chain_t *chain, uint32_t positions,
                        uint32_t width)
{
    const uint32_t kind = number(), windows = number(), out_width = number();
    const uint32_t blocks = chain->blocks, steps = chain->places;
    memset(finish, 0, sizeof *finish);
    memset(parts, 0, sizeof *parts);
    finish->timesteps = (uint8_t)steps;
    finish->steps = (uint8_t)steps;
    finish->narrow = 1;
    finish->width = width;
    (void)case_read(narrow, blocks * 32u);
    for (uint32_t c = 0; c < blocks * ESNN_BLOCK; ++c) {
        threshold[c] = c < chain->channels ? narrow[c] : INT32_MAX;
    }
    if ((kind & (RESIDUAL | STORE)) != 0) {
        parts->residual = stream(positions, blocks, steps);
        (void)case_read(arena + parts->residual.offset, parts->residual.bytes);
        finish->residual = (kind & RESIDUAL) != 0 ? &parts->residual : NULL;
        finish->store = (kind & STORE) != 0 ? &parts->residual : NULL;
    }
    const uint32_t row = 2u * blocks, step = (kind & TERNARY) != 0 ? 2u * row : row;
    const uint32_t position = (kind & POOL) != 0 ? 32u * blocks * steps : step * steps;
    (void)case_read(rows, sizeof rows);
    (void)case_read(columns, sizeof columns);
    for (uint32_t i = 0; i < 8u; ++i) {
        rows[i].offset *= out_width * position;
        columns[i].offset *= position;
    }
    parts->window = (esnn_window_t){rows, columns, out_width * position, position};
    if ((kind & POOL) != 0) {
        parts->pooled = stream(windows, blocks, steps);
        finish->pooled = &parts->pooled;
        finish->pooled_window = &parts->window;
    }
    if ((kind & NEURON) != 0) {
        const uint32_t bytes = ((kind & WINDOW) != 0 ? windows : positions) * step * steps;
        parts->neuron = (esnn_neuron_t){threshold,
                                        narrow,
                                        take(bytes),
                                        bytes,
                                        step * steps,
                                        step,
                                        row,
                                        (kind & WINDOW) != 0 ? &parts->window : NULL,
                                        0,
                                        1,
                                        (kind & TERNARY) != 0,
                                        ESNN_RESET_ZERO,
                                        1,
                                        {1, 0, 0, 0}};
        finish->neuron = &parts->neuron;
    }
}

static void write_finish(const esnn_finish_t *finish, const uint32_t *counts)
{
    if (finish->store != NULL) {
        case_write(arena + finish->store->offset, finish->store->bytes);
    }
    if (finish->pooled != NULL) {
        case_write(arena + finish->pooled->offset, finish->pooled->bytes);
    }
    if (finish->neuron != NULL) {
        case_write(arena + finish->neuron->offset, finish->neuron->bytes);
    }
    case_write(counts, 64);
}

static parts_t rest;
static uint32_t counts[16];

static void run_linear(void)
{
    static esnn_linear_chain_t layer;
    memset(counts, 0, sizeof counts);
    memset(&layer, 0, sizeof layer);
    layer.positions = number();
    read_chain(&layer.chain, 1, 1, 1);
    layer.position_stride = layer.chain.position_bytes;
    layer.input = take(layer.positions * layer.position_stride);
    (void)case_read(arena + layer.input, layer.positions * layer.position_stride);
    read_finish(&layer.finish, &rest, &layer.chain, layer.positions, layer.positions);
    (void)esnn_linear_chain(&layer, arena, counts);
    write_finish(&layer.finish, counts);
}

static void run_conv(void)
{
    static esnn_conv2d_chain_t layer;
    memset(counts, 0, sizeof counts);
    memset(&layer, 0, sizeof layer);
    int32_t shape[11];
    (void)case_read(shape, sizeof shape);
    layer.height = shape[0], layer.width = shape[1];
    layer.out_height = shape[2], layer.out_width = shape[3];
    layer.kernel_height = shape[4], layer.kernel_width = shape[5];
    layer.stride_y = shape[6], layer.stride_x = shape[7];
    layer.top = shape[8], layer.left = shape[9];
    layer.pool_lanes = (uint8_t)shape[10];
    const uint32_t tall = (uint32_t)layer.kernel_height;
    read_chain(&layer.chain, tall, (uint32_t)layer.width, !ESNN_CHAIN_V6M);
    const uint32_t steps = layer.chain.places;
    layer.position_stride = (int32_t)layer.chain.position_bytes;
    layer.line_stride = layer.position_stride * layer.width;
#if ESNN_CHAIN_V6M
    const uint32_t most = steps > 1u ? steps - 1u : 1u;
    layer.column_bytes = 4u * (tall * layer.chain.inputs * most + 2u * steps);
    layer.columns_bytes = layer.column_bytes * (uint32_t)layer.kernel_width;
    layer.columns = take(layer.columns_bytes);
#else
    layer.line_map = (2u * steps - 1u) * layer.chain.map_bytes;
    layer.map_words = (tall + 1u) * layer.line_map / 4u;
    const int32_t seen = (layer.out_width - 1) * layer.stride_x + layer.kernel_width;
    const int32_t span = seen > layer.left + layer.width ? seen : layer.left + layer.width;
    const uint32_t column = layer.chain.column_rows;
    layer.behind = (uint32_t)(span - layer.left - layer.width) + 1u;
    const uint32_t parts = 2u * steps - 1u;
    layer.window_starts = (uint32_t)layer.kernel_width * parts;
    layer.step_starts = (uint32_t)layer.stride_x * parts;
    layer.all_rows = (uint32_t)span * column;
    layer.first_row = 0u - (uint32_t)(span - layer.left) * column;
    layer.step_rows = (uint32_t)layer.stride_x * column;
    layer.slots = take(tall * (uint32_t)(sizeof(esnn_slot_t) + sizeof(void *)));
    layer.starts = take((uint32_t)sizeof(void *) * parts * ((uint32_t)span + 1u));
#endif
    const uint32_t bytes = (uint32_t)(layer.height * layer.line_stride);
    layer.input = take(bytes);
    (void)case_read(arena + layer.input, bytes);
    read_finish(&layer.finish, &rest, &layer.chain, (uint32_t)(layer.out_height * layer.out_width),
                (uint32_t)layer.out_width);
    (void)esnn_conv2d_chain(&layer, arena, counts);
    write_finish(&layer.finish, counts);
}

static void run_neuron(void)
{
    _Alignas(4) int16_t sums[64];
    uint32_t planes[4] = {0, 0, 0, 0};
    const uint32_t steps = number();
    const uint8_t ternary = (uint8_t)number();
    (void)case_read(sums, 128);
    (void)case_read(narrow, 32);
    const uint32_t any = (steps == 2u ? esnn_block_neuron_two_lanes(sums, narrow, ternary, planes)
                                      : esnn_block_neuron_lanes(sums, narrow, ternary, planes)) != 0;
    case_write(&any, 4);
    case_write(planes, 16);
}

static void run_clip(void)
{
    _Alignas(4) int16_t sums[64], clip[64], key[64];
    const uint32_t entries = number();
    (void)case_read(sums, 2u * entries);
    (void)case_read(clip, 2u * entries);
    esnn_block_clip(sums, clip, key, entries);
    case_write(key, 2u * entries);
}

static void run_context(void)
{
    static uint32_t context[128], key[8];
    int32_t sums[16];
    uint8_t row_words[16];
    const uint32_t words = number(), plus = number(), minus = number(), query = number();
    (void)case_read(key, 4u * words);
    (void)case_read(context, 8u * words * words);
    for (uint32_t i = 0; i < 2u * words; ++i) {
        row_words[i] = (uint8_t)(i * words);
    }
    esnn_context_mix(context, row_words, query, words, sums);
    case_write(sums, 8u * words);
    esnn_context_add(context, row_words, plus, key, words);
    esnn_context_sub(context, row_words, minus, key, words);
    case_write(context, 8u * words * words);
}

int main(void)
{
    uint32_t kind;
    case_begin();
    while (case_read(&kind, 4) == 4u) {
        used = 0;
        switch (kind) {
        case 0:
            run_linear();
            break;
        case 1:
            run_conv();
            break;
        case 2:
            run_neuron();
            break;
        case 3:
            run_clip();
            break;
        default:
            run_context();
        }
    }
    case_end();
    return 0;
}
