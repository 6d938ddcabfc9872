/* Cases for the vector kernels: both forms of each on the same numbers; results one behind the other.
   A case is the number of its kernel, its bytes, and they; a result its bytes, and they. */
#include <string.h>

#include "esnn_readout.h"
#include "esnn_vector_attention.h"
#include "esnn_vector_pixels.h"

void case_begin(void);
void case_end(void);
uint32_t case_read(void *to, uint32_t bytes); /* bytes that were read */
void case_write(const void *from, uint32_t bytes);

#define TARGET_BYTES 65536u

static uint64_t input[TARGET_BYTES / 8u];
static uint64_t output[TARGET_BYTES / 8u];

static uint64_t room[TARGET_BYTES / 8u];

static void *take(const uint8_t **at, uint32_t bytes)
{
    void *found = (void *)(uintptr_t)*at;
    *at += (bytes + 7u) & ~7u;
    return found;
}

/** Head: blocks, inputs, width, kernel height, kernel width; place order [4]; weights; bias; spikes [lines][width].
 */
static uint32_t sums_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 40);
    const uint32_t blocks = head[0], inputs = head[1], width = head[2];
    const uint32_t row_bytes = (inputs + 15u) / 16u * 2u, outputs = 16u * blocks;
    esnn_vector_t layer = {0};
    layer.blocks = blocks;
    layer.kernel_height = (int32_t)head[3];
    layer.kernel_width = (int32_t)head[4];
    layer.width = (int32_t)width;
    for (uint32_t i = 0; i < 4u; ++i) {
        layer.plane[i] = head[5u + i] * row_bytes;
        layer.sum[i] = head[5u + i] * outputs;
    }
    for (uint32_t k = 0; k < 32u; ++k) {
        layer.place[k] = (uint16_t)((31u - k) * blocks);
    }
    layer.word_units = 32u * blocks;
    layer.position_units = inputs * blocks;
    layer.words = row_bytes / 4u;
    layer.last_half = row_bytes % 4u != 0;
    layer.position_bytes = 4u * row_bytes;
    layer.list_bytes = 2u * width * inputs;
    layer.line_list_bytes = ESNN_PARTS * layer.list_bytes;
    const uint32_t taps = head[3] * head[4] * inputs;
    layer.weights = take(&at, taps * outputs);
    layer.bias = take(&at, 2u * outputs);
    const uint8_t *spikes = take(&at, head[3] * width * layer.position_bytes);
    static esnn_marks_t marks[ESNN_VECTOR_LINES][40];
    uint8_t *lists = (uint8_t *)room;
    for (uint32_t line = 0; line < head[3]; ++line) {
        esnn_vector_list(&layer, spikes, lists, marks[line]);
        spikes += width * layer.position_bytes;
        lists += layer.line_list_bytes;
    }
    int16_t *to = (int16_t *)out;
    for (uint32_t x = 0; x + head[4] <= width; ++x) {
        esnn_run_t runs[ESNN_VECTOR_LINES];
        for (uint32_t line = 0; line < head[3]; ++line) {
            runs[line].from = &marks[line][x];
            runs[line].rows = layer.weights + (int32_t)((line * head[4] * inputs - x * inputs) * outputs);
        }
        esnn_vector_sums_portable(&layer, runs, to);
        esnn_vector_sums(&layer, runs, to + 4u * outputs);
        to += 8u * outputs;
    }
    return (uint32_t)((uint8_t *)to - out);
}

/** Head: blocks, ternary; thresholds; sums. */
static uint32_t neuron_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 8);
    const uint32_t blocks = head[0], row = 2u * blocks;
    esnn_neuron_t neuron = {0};
    neuron.narrow_threshold = take(&at, 32u * blocks);
    neuron.ternary = (uint8_t)head[1];
    neuron.step_stride = neuron.ternary ? 2u * row : row;
    neuron.minus = row;
    const int16_t *sums = take(&at, 128u * blocks);
    memset(out, 0, 2u * (32u + 8u * row));
    for (uint32_t form = 0; form < 2u; ++form) {
        uint32_t *counter = (uint32_t *)(void *)out;
        if (form == 0) {
            esnn_vector_neuron_portable(&neuron, sums, blocks, out + 32, counter);
        } else {
            esnn_vector_neuron(&neuron, sums, blocks, out + 32, counter);
        }
        out += 32u + 8u * row;
    }
    return 2u * (32u + 8u * row);
}

/** Head: blocks, has residual, has store; sums; residual. */
static uint32_t stream_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 12);
    const uint32_t bytes = 128u * head[0];
    const esnn_stream_t stream = {.step_stride = 32u * head[0], .steps = 4};
    esnn_finish_t finish = {0};
    finish.residual = head[1] ? &stream : NULL;
    finish.store = head[2] ? &stream : NULL;
    const int16_t *sums = take(&at, bytes);
    const uint8_t *residual = take(&at, bytes);
    memset(out, 0, 4u * bytes);
    for (uint32_t form = 0; form < 2u; ++form) {
        memcpy(out, sums, bytes);
        if (form == 0) {
            esnn_vector_stream_portable(&finish, (int16_t *)(void *)out, head[0], residual, out + bytes);
        } else {
            esnn_vector_stream(&finish, (int16_t *)(void *)out, head[0], residual, out + bytes);
        }
        out += 2u * bytes;
    }
    return 4u * bytes;
}

/** Head: heads, ternary V; clip; keys; value; contexts; query; thresholds. */
static uint32_t attention_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 8);
    const uint32_t heads = head[0], row = 2u * heads, bytes = 4u * heads * ESNN_CONTEXT * 2u;
    esnn_vector_attention_t layer = {0};
    layer.heads = heads;
    layer.clip = take(&at, 32u * heads);
    layer.value_step = head[1] ? 2u * row : row;
    layer.value_minus = head[1] ? row : 0;
    const int16_t *keys = take(&at, 128u * heads);
    const uint8_t *value = take(&at, 8u * row);
    const int16_t *contexts = take(&at, bytes);
    const uint8_t *query = take(&at, 4u * row);
    const int32_t *threshold = take(&at, 64u * heads);
    const uint32_t total = bytes + 8u * heads;
    for (uint32_t form = 0; form < 2u; ++form) {
        int16_t *context = (int16_t *)(void *)out;
        uint32_t *planes = (uint32_t *)(void *)(out + bytes);
        memcpy(context, contexts, bytes);
        if (form == 0) {
            esnn_vector_contexts_portable(&layer, keys, value, context);
            esnn_vector_turn_portable(context, 4u * heads, (int16_t *)(void *)room);
        } else {
            esnn_vector_contexts(&layer, keys, value, context);
            esnn_vector_turn(context, 4u * heads, (int16_t *)(void *)room);
        }
        for (uint32_t i = 0; i < heads; ++i) {
            const int16_t *first = context + ESNN_CONTEXT * i;
            if (form == 0) {
                esnn_vector_mix_portable(first, ESNN_CONTEXT * heads, query + 2u * i, row, threshold + 16u * i,
                                         planes);
            } else {
                esnn_vector_mix(first, ESNN_CONTEXT * heads, query + 2u * i, row, threshold + 16u * i, planes);
            }
            planes += 2;
        }
        out += total;
    }
    return 2u * total;
}

/** Head: lines, pixels of a line; table [lines * pixels][16][16]; start; thresholds; pixels. */
static uint32_t pixels_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 8);
    const uint32_t lines = head[0], pixels = head[1];
    esnn_vector_pixels_t layer = {.width = (int32_t)pixels, .position_pixels = 1};
    const uint8_t *table = take(&at, lines * pixels * 512u);
    const int16_t *start = take(&at, 32);
    const int16_t *threshold = take(&at, 128);
    const uint8_t *image = take(&at, lines * pixels);
    static const uint32_t *marks[ESNN_VECTOR_LINES][33];
    esnn_pixel_run_t runs[ESNN_VECTOR_LINES];
    uint32_t *list = (uint32_t *)room;
    for (uint32_t line = 0; line < lines; ++line) {
        esnn_vector_pixel_list(&layer, image, list, marks[line]);
        runs[line].from = marks[line];
        runs[line].rows = table;
        table += pixels * 512u;
        image += pixels;
        list += pixels;
    }
    memset(out, 0, 48);
    uint32_t *to = (uint32_t *)(void *)out;
    esnn_vector_pixel_block_portable(runs, (int32_t)lines, (int32_t)pixels, 0, start, threshold, to, to + 2);
    esnn_vector_pixel_block(runs, (int32_t)lines, (int32_t)pixels, 0, start, threshold, to + 6, to + 8);
    return 48;
}

/** Head: bytes, windows across, windows down; spikes; windows [down][across]. */
static uint32_t pool_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 12);
    const uint32_t bytes = head[0], total = bytes * head[1] * head[2];
    const esnn_span_t rows = {0, head[2]}, columns = {0, head[1]};
    const esnn_window_t window = {&rows, &columns, bytes * head[1], bytes};
    esnn_neuron_t neuron = {0};
    neuron.window = &window;
    const esnn_place_t place = {0};
    const uint8_t *spikes = take(&at, bytes);
    memcpy(out, take(&at, total), total);
    esnn_vector_pool(&neuron, &place, spikes, bytes, out);
    return total;
}

/** Head: blocks, windows across, windows down; sums; windows [down][across]. */
static uint32_t pool_max_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 12);
    const uint32_t bytes = 128u * head[0], total = bytes * head[1] * head[2];
    const esnn_span_t rows = {0, head[2]}, columns = {0, head[1]};
    const esnn_window_t window = {&rows, &columns, bytes * head[1], bytes};
    const esnn_stream_t pooled = {.steps = 4};
    esnn_finish_t finish = {0};
    finish.pooled = &pooled;
    finish.pooled_window = &window;
    const esnn_place_t place = {0};
    const int16_t *sums = take(&at, bytes);
    const void *before = take(&at, total);
    memcpy(out, before, total);
    memcpy(out + total, before, total);
    esnn_vector_pool_max_portable(&finish, &place, sums, head[0], out);
    esnn_vector_pool_max(&finish, &place, sums, head[0], out + total);
    return 2u * total;
}

/** Head: rows of spikes, bytes of one, channels, padded classes; weights; bias; spikes. */
static uint32_t readout_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 16);
    uint8_t *arena = (uint8_t *)room;
    const uint32_t bytes = head[0] * head[1];
    esnn_readout_t layer = {0};
    layer.rows = head[0];
    layer.row_bytes = head[1];
    layer.step_stride = head[1];
    layer.padded = head[3];
    layer.classes = head[3];
    for (uint32_t k = 0; k < 9u; ++k) {
        layer.bit_rows[k] = (uint16_t)(k * (head[3] >> 3));
    }
    layer.weights = take(&at, head[2] * head[3]);
    layer.bias = take(&at, 4u * head[3]);
    memcpy(arena, take(&at, bytes), bytes);
    layer.scratch_rows = (bytes + 7u) & ~7u;
    layer.scratch_acc = layer.scratch_rows + 16u * head[1];
    int32_t *logits = (int32_t *)(void *)out;
    (void)esnn_readout(&layer, arena, logits);
    (void)esnn_vector_readout(&layer, arena, logits + head[3]);
    return 8u * head[3];
}

int main(void)
{
    static uint32_t (*const cases[])(const uint8_t *, uint8_t *) = {
        sums_case, neuron_case, stream_case, attention_case, pixels_case, pool_case, readout_case, pool_max_case};
    uint32_t head[2]; /* kernel, bytes */
    case_begin();
    while (case_read(head, sizeof(head)) == sizeof(head) && head[0] < sizeof(cases) / sizeof(cases[0]) &&
           head[1] <= TARGET_BYTES && case_read(input, head[1]) == head[1]) {
        const uint32_t count = cases[head[0]]((const uint8_t *)input, (uint8_t *)output);
        case_write(&count, 4);
        case_write(output, count);
    }
    case_end();
    return 0;
}
