/* Cases for the vector kernels: both forms of each on the same numbers; results one behind the other.
   A case is the number of its kernel, its bytes, and they; a result its bytes, and they. */
#include <string.h>

#include "esnn_block.h"
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

/** Lists of all lines by one form. @return bytes of them and of how far each mark is into its list. */
static uint32_t list_lines(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, uint16_t **marks,
                           uint32_t portable)
{
    const uint32_t lines = (uint32_t)layer->kernel_height;
    for (uint32_t line = 0; line < lines; ++line) {
        uint8_t *list = lists + line * layer->line_list_bytes;
        if (portable) {
            esnn_vector_list_portable(layer, spikes, list, marks + line);
        } else {
            esnn_vector_list(layer, spikes, list, marks + line);
        }
        spikes += layer->line_bytes;
    }
    return lines * layer->line_list_bytes;
}

/** Head: blocks, inputs, width, kernel height, kernel width, margins left and right, stride, vectors; place order
 * [4]; weights; bias; spikes [lines][width]. Result: marks and lists that differ, sums of both forms. */
static uint32_t sums_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 52);
    const uint32_t blocks = head[0], inputs = head[1], width = head[2], lines = head[3];
    const uint32_t row_bytes = (inputs + 15u) / 16u * 2u, outputs = 16u * blocks,
                   positions = width + head[5] + head[6];
    esnn_vector_t layer = {0};
    layer.blocks = blocks;
    layer.vectors = head[8];
    layer.kernel_height = (int32_t)lines;
    layer.kernel_width = (int32_t)head[4];
    layer.width = (int32_t)width;
    layer.left = (int32_t)head[5];
    layer.right_marks = head[6];
    layer.line_marks = positions + 1u;
    layer.mark_step = ESNN_PARTS * lines;
    layer.mark_window = head[4] * layer.mark_step;
    layer.mark_stride = head[7] * layer.mark_step;
    for (uint32_t i = 0; i < 4u; ++i) {
        layer.plane[i] = head[9u + i] * row_bytes;
        layer.sum[i] = head[9u + i] * outputs;
    }
    for (uint32_t k = 0; k < 32u; ++k) {
        layer.place[k] = (uint16_t)((31u - k) * blocks);
    }
    layer.word_units = 32u * blocks;
    layer.position_units = inputs * blocks;
    layer.words = row_bytes / 4u;
    layer.last_half = row_bytes % 4u != 0;
    layer.position_bytes = 4u * row_bytes;
    layer.line_bytes = width * layer.position_bytes;
    layer.list_bytes = (2u * width * inputs + 3u) & ~3u;
    layer.line_list_bytes = ESNN_PARTS * layer.list_bytes;
    layer.step_rows = (int32_t)(head[7] * inputs * outputs);
    layer.weights = take(&at, lines * head[4] * inputs * outputs);
    layer.bias = take(&at, 2u * outputs);
    const uint8_t *spikes = take(&at, lines * layer.line_bytes);
    static uint16_t *marks[ESNN_PARTS * ESNN_VECTOR_LINES * 64];
    static uint16_t *others[ESNN_PARTS * ESNN_VECTOR_LINES * 64];
    static uint64_t lists[TARGET_BYTES / 8u];
    memset(room, 0, sizeof room);
    memset(lists, 0, sizeof lists);
    const uint32_t bytes = list_lines(&layer, spikes, (uint8_t *)lists, others, 0);
    (void)list_lines(&layer, spikes, (uint8_t *)room, marks, 1);
    int32_t *wrong = (int32_t *)(void *)out;
    *wrong = memcmp(lists, room, bytes) != 0;
    for (uint32_t i = 0; i < layer.line_marks * layer.mark_step; ++i) {
        *wrong += marks[i] - (uint16_t *)(void *)room != others[i] - (uint16_t *)(void *)lists;
    }
    esnn_run_t run = {(uint16_t *const *)marks, {NULL, NULL, NULL, NULL}};
    for (uint32_t line = 0; line < lines; ++line) {
        const uint32_t first = line * head[4] * inputs * outputs + head[5] * inputs * outputs;
        run.rows[line] = (const int8_t *)((uintptr_t)layer.weights + first);
    }
    const uint32_t count = (positions - head[4]) / head[7] + 1u;
    int16_t *to = (int16_t *)(void *)(out + 8);
    memset(to, 0, 256u * blocks * count);
    esnn_vector_sums_portable(&layer, &run, count, to);
    esnn_vector_sums(&layer, &run, count, to + 64u * blocks * count);
    return 8u + 256u * blocks * count;
}

/** Head: blocks, ternary, positions; thresholds; sums. */
static uint32_t neuron_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 12);
    const uint32_t blocks = head[0], row = 2u * blocks, positions = head[2], bytes = 32u + 8u * row * positions;
    esnn_neuron_t neuron = {0};
    neuron.narrow_threshold = take(&at, 32u * blocks);
    neuron.ternary = (uint8_t)head[1];
    neuron.step_stride = neuron.ternary ? 2u * row : row;
    neuron.minus = row;
    const int16_t *sums = take(&at, 128u * blocks * positions);
    memset(out, 0, 2u * bytes);
    for (uint32_t form = 0; form < 2u; ++form) {
        uint32_t *counter = (uint32_t *)(void *)out;
        if (form == 0) {
            esnn_vector_neuron_portable(&neuron, sums, blocks, positions, out + 32, counter);
        } else {
            esnn_vector_neuron(&neuron, sums, blocks, positions, out + 32, counter);
        }
        out += bytes;
    }
    return 2u * bytes;
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
            esnn_vector_stream_portable(&finish, (int16_t *)(void *)out, head[0] << 2, residual, out + bytes);
        } else {
            esnn_vector_stream(&finish, (int16_t *)(void *)out, head[0] << 2, residual, out + bytes);
        }
        out += 2u * bytes;
    }
    return 4u * bytes;
}

/** Head: heads, ternary V, channels of a head, bytes of a row; clip; keys; value; contexts; rows of Q; thresholds. */
static uint32_t attention_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 16);
    const uint32_t heads = head[0], row = head[3], bytes = 4u * heads * ESNN_CONTEXT * 2u;
    esnn_vector_attention_t layer = {0};
    layer.heads = heads;
    layer.width = head[2];
    layer.clip = take(&at, 32u * heads);
    layer.value_step = head[1] ? 2u * row : row;
    layer.value_minus = head[1] ? row : 0;
    const int16_t *keys = take(&at, 128u * heads);
    const uint8_t *value = take(&at, (head[1] ? 8u : 4u) * row);
    const int16_t *contexts = take(&at, bytes);
    const uint32_t *query = take(&at, 16u * heads);
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
                esnn_vector_mix_portable(first, ESNN_CONTEXT * heads, query + 4u * i, threshold + 16u * i, planes);
            } else {
                esnn_vector_mix(first, ESNN_CONTEXT * heads, query + 4u * i, threshold + 16u * i, planes);
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
    layer.kernel_height = (int32_t)lines;
    layer.row_shift = 5;
    static const uint32_t *marks[ESNN_VECTOR_LINES * 33];
    esnn_pixel_run_t run = {(const uint32_t *const *)marks, {NULL, NULL, NULL, NULL}};
    const uint32_t span = lines * pixels;
    uint32_t *list = (uint32_t *)room;
    for (uint32_t line = 0; line < lines; ++line) {
        esnn_vector_pixel_list(&layer, image, list, marks + line);
        run.rows[line] = table;
        table += pixels * 512u;
        image += pixels;
        list += pixels;
    }
    memset(out, 0, 48);
    uint32_t *to = (uint32_t *)(void *)out;
    esnn_vector_pixel_block_portable(&run, (int32_t)lines, span, 0, start, threshold, to, to + 2);
    esnn_vector_pixel_block(&run, (int32_t)lines, span, 0, start, threshold, to + 6, to + 8);
    return 48;
}

/** Head: width, channels, stride; table [9 * channels][16][8]; start; thresholds; pixels [3][width]. A narrow layer.
 */
static uint32_t narrow_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 12);
    const uint32_t width = head[0], channels = head[1], stride = head[2], count = (width - 3u) / stride + 1u;
    esnn_vector_pixels_t layer = {.width = (int32_t)width, .position_pixels = (int32_t)channels, .row_shift = 4};
    const uint8_t *table = take(&at, 9u * channels * 256u);
    layer.start = take(&at, 16);
    layer.threshold = take(&at, 64);
    const uint8_t *image = take(&at, 3u * width * channels);
    layer.kernel_height = 3;
    layer.kernel_width = 3;
    layer.mark_window = 9;
    layer.mark_stride = 3u * stride;
    layer.step_rows = (int32_t)(stride * channels * 256u);
    static const uint32_t *marks[3 * 64];
    esnn_pixel_run_t run = {(const uint32_t *const *)marks, {NULL, NULL, NULL, NULL}};
    memset(marks, 0, sizeof marks);
    esnn_vector_pixel_line_portable(&layer, &run, 1, layer.black);
    uint32_t *list = (uint32_t *)room;
    for (uint32_t line = 0; line < 3u; ++line) {
        esnn_vector_pixel_list(&layer, image, list, marks + line);
        run.rows[line] = table + line * 3u * channels * 256u;
        image += width * channels;
        list += width * channels;
    }
    const uint32_t bytes = 8u * count + 16u;
    memset(out, 0, 2u * bytes);
    uint32_t *to = (uint32_t *)(void *)out;
    esnn_vector_pixel_line_portable(&layer, &run, count, to);
    for (uint32_t i = 0; i < count; ++i) {
        esnn_block_count(to + 2u * i, to + 2u * count);
    }
    to = (uint32_t *)(void *)(out + bytes);
    esnn_vector_pixel_line(&layer, &run, count, to);
    esnn_vector_count(to, count, to + 2u * count);
    return 2u * bytes;
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

/** Windows: first position, of so many bytes, and number of each. */
static void take_spans(const uint8_t **at, uint32_t count, uint32_t bytes, esnn_span_t *spans)
{
    const uint32_t *places = take(at, 8u * count);
    for (; count != 0; --count) {
        *spans++ = (esnn_span_t){places[0] * bytes, places[1]};
        places += 2;
    }
}

/** Head: bytes, positions, windows, windows down; first position and number of each window; spikes; windows
 *  [down][windows]. */
static uint32_t pool_line_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 16);
    const uint32_t bytes = head[0], total = bytes * head[2] * head[3];
    esnn_span_t spans[16];
    take_spans(&at, head[2], bytes, spans);
    const esnn_span_t rows = {0, head[3]};
    const esnn_window_t window = {&rows, NULL, bytes * head[2], bytes};
    const esnn_neuron_t neuron = {.window = &window, .step_stride = bytes >> 2};
    const esnn_vector_t layer = {.windows = spans, .window_count = head[2]};
    const uint8_t *spikes = take(&at, bytes * head[1]);
    memcpy(out, take(&at, total), total);
    esnn_vector_pool_line(&layer, &neuron, 0, spikes, out);
    return total;
}

/** Head: blocks, positions, windows, windows down; first position and number of each window; sums; windows
 *  [down][windows]. */
static uint32_t pool_max_case(const uint8_t *at, uint8_t *out)
{
    const uint32_t *head = take(&at, 16);
    const uint32_t bytes = 128u * head[0], total = bytes * head[2] * head[3];
    esnn_span_t spans[16];
    take_spans(&at, head[2], bytes, spans);
    const esnn_span_t rows = {0, head[3]};
    const esnn_window_t window = {&rows, NULL, bytes * head[2], bytes};
    const esnn_stream_t pooled = {.steps = 4};
    esnn_finish_t finish = {0};
    finish.pooled = &pooled;
    finish.pooled_window = &window;
    const esnn_vector_t layer = {.blocks = head[0], .windows = spans, .window_count = head[2]};
    const int16_t *sums = take(&at, bytes * head[1]);
    const void *before = take(&at, total);
    memcpy(out, before, total);
    memcpy(out + total, before, total);
    esnn_vector_pool_max_portable(&layer, &finish, 0, sums, out);
    esnn_vector_pool_max(&layer, &finish, 0, sums, out + total);
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
        sums_case, neuron_case,  stream_case,   attention_case, pixels_case,
        pool_case, readout_case, pool_max_case, narrow_case,    pool_line_case};
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
