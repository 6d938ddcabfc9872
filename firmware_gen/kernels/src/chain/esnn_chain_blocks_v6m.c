#include "esnn_asm.h"
#include "esnn_v6m_numbers.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(64);

#define ESNN_TIMES_4(code) code code code code
#define ESNN_TIMES_8(code) ESNN_TIMES_4(code) ESNN_TIMES_4(code)

/** Adds lanes to numbers, which gain ESNN_TOPS. */
static inline void esnn_add_lanes(uint32_t *numbers, const uint32_t *lanes)
{
    register uint32_t *to __asm__("r0") = numbers;
    register const uint32_t *from __asm__("r1") = lanes;
    register uint32_t tops __asm__("r6") = ESNN_TOPS;
    __asm__ volatile(".syntax unified\n" ESNN_TIMES_4("ldmia r1!, {r2, r3}\n"
                                                      "ldr r4, [r0]\n"
                                                      "ldr r5, [r0, #4]\n"
                                                      "eors r2, r2, r6\n"
                                                      "eors r3, r3, r6\n"
                                                      "adds r4, r4, r2\n"
                                                      "adds r5, r5, r3\n"
                                                      "stmia r0!, {r4, r5}\n")
                     : "+r"(to), "+r"(from)
                     : "r"(tops)
                     : "r2", "r3", "r4", "r5", "cc", "memory");
}

/** Maximum of pooled sums, plus 2^14 in each lane, and numbers plus ESNN_POOL_OFFSET; all in 15 bits. */
static inline void esnn_max_lanes(uint32_t *pooled, const uint32_t *numbers)
{
    register uint32_t *to __asm__("r0") = pooled;
    register const uint32_t *from __asm__("r1") = numbers;
    register uint32_t tops __asm__("r6") = ESNN_TOPS;
    __asm__ volatile(".syntax unified\n" ESNN_TIMES_8("ldmia r1!, {r2}\n"
                                                      "ldr r3, [r0]\n"
                                                      "subs r2, r2, r3\n" /* bit 15: not less */
                                                      "movs r4, r2\n"
                                                      "ands r4, r4, r6\n"
                                                      "beq 1f\n"
                                                      "lsrs r5, r4, #15\n"
                                                      "subs r4, r4, r5\n"
                                                      "ands r2, r2, r4\n"
                                                      "adds r3, r3, r2\n"
                                                      "1:\n"
                                                      "stmia r0!, {r3}\n")
                     : "+r"(to), "+r"(from)
                     : "r"(tops)
                     : "r2", "r3", "r4", "r5", "cc", "memory");
}

#define ESNN_POOL_OFFSET (ESNN_QUARTER + ESNN_TOPS)

static void esnn_pool_numbers(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *numbers,
                              uint32_t first, uint8_t *arena)
{
    const esnn_stream_t *pooled = finish->pooled;
    const esnn_window_t *window = finish->pooled_window;
    esnn_windows_t in = esnn_windows(window, place, arena + pooled->offset + (first << 1));
    for (; in.rows != 0; --in.rows) {
        uint8_t *position = in.line;
        for (uint32_t j = in.columns; j != 0; --j) {
            uint8_t *at = position;
            const uint32_t *from = numbers;
            for (uint32_t t = pooled->steps; t != 0; --t) {
                esnn_max_lanes((uint32_t *)(void *)at, from);
                ESNN_WALK(at, pooled->step_stride);
                from += ESNN_BLOCK / 2u;
            }
            ESNN_WALK(position, window->position_stride);
        }
        ESNN_WALK(in.line, window->row_stride);
    }
}

/** Whether esnn_finish_numbers() does. */
static inline uint32_t esnn_is_number(const esnn_finish_t *finish)
{
    const esnn_neuron_t *neuron = finish->neuron;
    return finish->narrow && finish->pooled == NULL && finish->timesteps == 4u &&
           (neuron == NULL || (neuron->lanes && !neuron->ternary));
}

/** ORs the spikes of a block, [4] half words, into the pooling windows that contain the position. */
static void esnn_pool_planes(const esnn_neuron_t *neuron, const esnn_place_t *place, const uint32_t *planes,
                             uint8_t *arena, uint32_t first)
{
    const uint32_t early = planes[0], late = planes[1], step = neuron->step_stride;
    esnn_windows_t in = esnn_windows(neuron->window, place, arena + neuron->offset + (first >> 3));
    if ((early | late) == 0) {
        return;
    }
    for (; in.rows != 0; --in.rows) {
        uint8_t *at = in.line;
        for (uint32_t j = in.columns; j != 0; --j) {
            if (step == 2u) {
                uint32_t *words = (uint32_t *)(void *)at;
                words[0] |= early;
                words[1] |= late;
            } else {
                uint16_t *half = (uint16_t *)(void *)at;
                *half |= (uint16_t)early;
                ESNN_WALK(half, step >> 1);
                *half |= (uint16_t)(early >> 16);
                ESNN_WALK(half, step >> 1);
                *half |= (uint16_t)late;
                ESNN_WALK(half, step >> 1);
                *half |= (uint16_t)(late >> 16);
            }
            ESNN_WALK(at, neuron->window->position_stride);
        }
        ESNN_WALK(in.line, neuron->window->row_stride);
    }
}

/** What is behind the sums of a block, as numbers plus ESNN_QUARTER, less ESNN_TOPS where there is a residual. */
static inline void esnn_finish_numbers(const esnn_finish_t *finish, const esnn_place_t *place, uint32_t *numbers,
                                       uint32_t first, uint8_t *arena, uint32_t *counter)
{
    const esnn_stream_t *residual = finish->residual, *store = finish->store;
    const esnn_neuron_t *neuron = finish->neuron;
    if (residual != NULL) {
        const uint8_t *from = arena + place->residual + (first << 1);
        uint32_t *to = numbers;
        for (uint32_t t = 4; t != 0; --t) {
            esnn_add_lanes(to, (const uint32_t *)(const void *)from);
            to += ESNN_BLOCK / 2u;
            ESNN_WALK(from, residual->step_stride);
        }
    }
    if (store != NULL) {
        uint8_t *to = arena + place->store + (first << 1);
        const uint32_t *from = numbers;
        for (uint32_t t = 4; t != 0; --t) {
            esnn_flip_words_v6m((uint32_t *)(void *)to, from, ESNN_BLOCK / 2u, 0x8000u - ESNN_QUARTER, 0x8000u);
            from += ESNN_BLOCK / 2u;
            ESNN_WALK(to, store->step_stride);
        }
    }
    /* Lanes past the last channel are 0 and their thresholds the largest there are: they do not fire. */
    if (neuron != NULL) {
        uint32_t planes[2];
        uint8_t *at = (uint8_t *)planes;
        uint32_t stride = 2u;
        if (neuron->window == NULL) {
            at = arena + place->spikes + (first >> 3);
            stride = neuron->step_stride;
        }
        esnn_fire_numbers(numbers, neuron->narrow_threshold + first, at, stride, counter);
        if (neuron->window != NULL) {
            esnn_pool_planes(neuron, place, planes, arena, first);
        }
    }
}

/** All blocks of a position where esnn_is_number(). */
static void esnn_number_blocks(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                               const esnn_walk_t *walk, uint8_t *arena, uint32_t *counts)
{
    uint32_t *numbers = (uint32_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const uint32_t offset = finish->residual != NULL ? ESNN_QUARTER - ESNN_TOPS : ESNN_QUARTER;
    uint32_t *counter = finish->neuron != NULL ? counts + finish->neuron->counter : NULL;
    const uint32_t three = walk->lists == 3u, channels = chain->channels;
    for (uint32_t first = 0; first < channels; first += ESNN_BLOCK) {
        if (three) {
            esnn_three_lists(walk, weights, bias, offset);
        } else {
            esnn_one_list(walk, weights, bias, offset);
        }
        esnn_finish_numbers(finish, place, numbers, first, arena, counter);
        ESNN_WALK(weights, chain->block_words);
        bias += ESNN_BLOCK;
    }
}

/** The same by the kernels that all cores share, from numbers plus 2^15. */
static void esnn_finish_lanes(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                              uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    uint32_t *words = (uint32_t *)(void *)sums;
    esnn_flip_words_v6m(words, words, chain->places << 3, 0, 0x8000u);
    esnn_finish_sums(chain, finish, place, sums, first, channels, arena, counts);
}

void esnn_chain_blocks_v6m(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                           const esnn_walk_t *walk, uint8_t *arena, uint32_t *counts)
{
    uint32_t *numbers = (uint32_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const uint32_t pool = walk->pool;
    uint32_t offset = 0x8000u;
    if (pool) {
        offset = ESNN_POOL_OFFSET;
    } else if (esnn_is_number(finish) && (walk->lists == 1u || walk->lists == 3u)) {
        esnn_number_blocks(chain, finish, place, walk, arena, counts);
        return;
    }
    uint32_t left = chain->channels;
    for (uint32_t first = 0; first < chain->channels; first += ESNN_BLOCK) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_numbers_v6m(chain, walk, weights, bias, offset);
        if (pool) {
            esnn_pool_numbers(finish, place, numbers, first, arena);
        } else {
            esnn_finish_lanes(chain, finish, place, first, channels, arena, counts);
        }
        ESNN_WALK(weights, chain->block_words);
        bias += ESNN_BLOCK;
        left -= ESNN_BLOCK;
    }
}

#endif
