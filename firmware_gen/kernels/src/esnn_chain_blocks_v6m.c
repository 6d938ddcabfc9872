#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

#define ESNN_TIMES_2(code) code code
#define ESNN_TIMES_4(code) ESNN_TIMES_2(code) ESNN_TIMES_2(code)
#define ESNN_TIMES_8(code) ESNN_TIMES_4(code) ESNN_TIMES_4(code)

/** Sums of 16 bits as those of 32 bits that esnn_finish() takes. */
static void esnn_widen(const int16_t *sums, int32_t *wide, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; ++i) {
        wide[i] = sums[i];
    }
}

/** Adds lanes to numbers, which gain ESNN_TOPS. */
static inline void esnn_add_lanes(uint32_t *numbers, const uint32_t *lanes)
{
    register uint32_t *to __asm__("r0") = numbers;
    register const uint32_t *from __asm__("r1") = lanes;
    register uint32_t tops __asm__("r7") = ESNN_TOPS;
    __asm__ volatile(".syntax unified\n"
                     ESNN_TIMES_4("ldmia r1!, {r2, r3}\n"
                     "ldr r4, [r0]\n"
                     "ldr r5, [r0, #4]\n"
                     "eors r2, r2, r7\n"
                     "eors r3, r3, r7\n"
                     "adds r4, r4, r2\n"
                     "adds r5, r5, r3\n"
                     "stmia r0!, {r4, r5}\n")
                     : "+r"(to), "+r"(from)
                     : "r"(tops)
                     : "r2", "r3", "r4", "r5", "cc", "memory");
}

/** Numbers plus `offset` as lanes. */
static inline void esnn_store_lanes(uint32_t *lanes, const uint32_t *numbers, uint32_t offset)
{
    register uint32_t *to __asm__("r0") = lanes;
    register const uint32_t *from __asm__("r1") = numbers;
    register uint32_t lack __asm__("r6") = 0x8000u - offset;
    register uint32_t flip __asm__("r7") = 0x8000u;
    __asm__ volatile(".syntax unified\n"
                     ESNN_TIMES_2("ldmia r1!, {r2-r5}\n"
                     "adds r2, r2, r6\n"
                     "adds r3, r3, r6\n"
                     "adds r4, r4, r6\n"
                     "adds r5, r5, r6\n"
                     "eors r2, r2, r7\n"
                     "eors r3, r3, r7\n"
                     "eors r4, r4, r7\n"
                     "eors r5, r5, r7\n"
                     "stmia r0!, {r2-r5}\n")
                     : "+r"(to), "+r"(from)
                     : "r"(lack), "r"(flip)
                     : "r2", "r3", "r4", "r5", "cc", "memory");
}

/** Maximum of pooled sums, plus 2^14 in each lane, and numbers plus ESNN_POOL_OFFSET; all in 15 bits. */
static inline void esnn_max_lanes(uint32_t *pooled, const uint32_t *numbers)
{
    register uint32_t *to __asm__("r0") = pooled;
    register const uint32_t *from __asm__("r1") = numbers;
    register uint32_t tops __asm__("r7") = ESNN_TOPS;
    __asm__ volatile(".syntax unified\n"
                     ESNN_TIMES_8("ldmia r1!, {r2}\n"
                     "ldr r3, [r0]\n"
                     "subs r2, r2, r3\n" /* bit 15: not less */
                     "movs r4, r2\n"
                     "ands r4, r4, r7\n"
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
    const esnn_span_t *rows = &window->rows[place->y];
    const esnn_span_t *columns = &window->columns[place->x];
    uint8_t *line = arena + pooled->offset + rows->offset + columns->offset + (first << 1);
    for (uint32_t i = rows->count; i != 0; --i) {
        uint8_t *position = line;
        for (uint32_t j = columns->count; j != 0; --j) {
            uint8_t *at = position;
            const uint32_t *from = numbers;
            for (uint32_t t = pooled->steps; t != 0; --t) {
                esnn_max_lanes((uint32_t *)(void *)at, from);
                at += pooled->step_stride;
                from += ESNN_BLOCK / 2u;
            }
            position += window->position_stride;
        }
        line += window->row_stride;
    }
}

/** Whether esnn_finish_numbers() does. */
static inline uint32_t esnn_is_number(const esnn_finish_t *finish)
{
    const esnn_neuron_t *neuron = finish->neuron;
    return finish->narrow && finish->pooled == NULL && finish->timesteps == 4u &&
           (neuron == NULL || (neuron->lanes && !neuron->ternary));
}

/** What is behind the sums of a block, as numbers plus ESNN_QUARTER, less ESNN_TOPS where there is a residual. */
static void esnn_finish_numbers(const esnn_finish_t *finish, const esnn_place_t *place, uint32_t *numbers,
                                uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    const esnn_stream_t *residual = finish->residual, *store = finish->store;
    const esnn_neuron_t *neuron = finish->neuron;
    if (residual != NULL) {
        const uint8_t *from = arena + place->residual + (first << 1);
        uint32_t *to = numbers;
        for (uint32_t t = 4; t != 0; --t) {
            esnn_add_lanes(to, (const uint32_t *)(const void *)from);
            to += ESNN_BLOCK / 2u;
            from += residual->step_stride;
        }
    }
    if (store != NULL) {
        uint8_t *to = arena + place->store + (first << 1);
        const uint32_t *from = numbers;
        for (uint32_t t = 4; t != 0; --t) {
            esnn_store_lanes((uint32_t *)(void *)to, from, ESNN_QUARTER);
            from += ESNN_BLOCK / 2u;
            to += store->step_stride;
        }
    }
    if (neuron != NULL) {
        uint32_t planes[2];
        uint32_t any = esnn_block_neuron_v6m(numbers, neuron->narrow_threshold + first, planes);
        if (channels < ESNN_BLOCK) {
            const uint32_t lane = (1u << channels) - 1u;
            planes[0] &= lane | lane << 16;
            planes[1] &= lane | lane << 16;
            any = planes[0] | planes[1];
        }
        esnn_block_emit(finish, place, planes, any, first, arena, counts);
    }
}

/** The same by the kernels that all cores share, from numbers plus 2^15. */
static void esnn_finish_lanes(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                              uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    uint32_t *words = (uint32_t *)(void *)sums;
    for (uint32_t t = chain->places; t != 0; --t) {
        esnn_store_lanes(words, words, 0x8000u);
        words += ESNN_BLOCK / 2u;
    }
    if (finish->narrow) {
        esnn_block_finish(finish, place, sums, first, channels, arena, counts);
    } else {
        int32_t *wide = (int32_t *)(void *)(arena + chain->wide);
        esnn_widen(sums, wide, (uint32_t)finish->steps << 4);
        esnn_finish(finish, place, wide, ESNN_BLOCK, first, channels, arena, counts);
    }
}

void esnn_chain_blocks_v6m(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                           esnn_walk_t *walk, uint8_t *arena, uint32_t *counts)
{
    uint32_t *numbers = (uint32_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const uint32_t pool = walk->pool, number = esnn_is_number(finish);
    uint32_t offset = 0x8000u;
    for (uint32_t i = 0; i < chain->places; ++i) {
        walk->out[i] = numbers + (chain->sum[i] >> 1);
    }
    if (pool) {
        offset = ESNN_POOL_OFFSET;
    } else if (number) {
        offset = finish->residual != NULL ? ESNN_QUARTER - ESNN_TOPS : ESNN_QUARTER;
    }
    uint32_t left = chain->channels;
    for (uint32_t first = 0; first < chain->channels; first += ESNN_BLOCK) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_numbers_v6m(chain, walk, weights, bias, offset);
        if (pool) {
            esnn_pool_numbers(finish, place, numbers, first, arena);
        } else if (number) {
            esnn_finish_numbers(finish, place, numbers, first, channels, arena, counts);
        } else {
            esnn_finish_lanes(chain, finish, place, first, channels, arena, counts);
        }
        weights += chain->block_words;
        bias += ESNN_BLOCK;
        left -= ESNN_BLOCK;
    }
}

#endif
