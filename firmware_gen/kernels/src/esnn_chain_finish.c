#include "esnn_v6m.h"
#include "esnn_v7m.h"

#if ESNN_CHAIN_V6M

void esnn_chain_finish(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                       uint8_t *arena, uint32_t *counts)
{
    esnn_walk_t walk;
    walk.list[0] = (const int32_t *)(const void *)(arena + chain->list);
    walk.lists = 1;
    walk.pool = 0;
    esnn_walk_to(&walk, chain, (uint32_t *)(void *)(arena + chain->sums));
    esnn_chain_blocks_v6m(chain, finish, place, &walk, arena, counts);
}

#else

/** Sums of 16 bits as those of 32 bits that esnn_finish() takes. */
static void esnn_widen(const int16_t *sums, int32_t *wide, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; ++i) {
        wide[i] = sums[i];
    }
}

/* Sums may go to the neuron in another form than lanes. */
#if ESNN_CHAIN_V7M
#define esnn_plain_sums esnn_chain_numbers_v7m
#define esnn_plain_neuron esnn_block_neuron_numbers_v7m
#else
#define esnn_plain_sums esnn_chain_sums
#define esnn_plain_neuron(sums, threshold, planes) esnn_block_neuron_lanes(sums, threshold, 0, planes)
#endif

/** Whether nothing follows but a binary neuron: most layers. */
static inline uint32_t esnn_is_plain(const esnn_chain_t *chain, const esnn_finish_t *finish)
{
    const esnn_neuron_t *neuron = finish->neuron;
    return finish->narrow && finish->residual == NULL && finish->store == NULL && neuron != NULL && neuron->lanes &&
           !neuron->ternary && (chain->channels & (ESNN_BLOCK - 1u)) == 0;
}

/** Blocks whose counts of 8 bits fit a byte. */
#define ESNN_COUNTED_BLOCKS 31u

/** Set bits of each byte, in the bytes. */
static inline uint32_t esnn_count_bytes(uint32_t bits)
{
    bits = bits - ((bits >> 1) & 0x55555555u);
    bits = (bits & 0x33333333u) + ((bits >> 2) & 0x33333333u);
    return (bits + (bits >> 4)) & 0x0f0f0f0fu;
}

/** Adds counts by byte, of steps 0 and 1 and of steps 2 and 3, to the counters; clears them. */
static inline void esnn_count_flush(uint32_t *early, uint32_t *late, uint32_t *counter)
{
    const uint32_t a = (*early & 0x00ff00ffu) + ((*early >> 8) & 0x00ff00ffu);
    const uint32_t b = (*late & 0x00ff00ffu) + ((*late >> 8) & 0x00ff00ffu);
    counter[0] += a & 0xffffu;
    counter[1] += a >> 16;
    counter[2] += b & 0xffffu;
    counter[3] += b >> 16;
    *early = 0;
    *late = 0;
}

/** Sums of one block and the neurons behind them; returns whether any fires. */
static inline uint32_t esnn_plain_block(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                        const int16_t *list, const uint32_t *totals, const int16_t *threshold,
                                        int16_t *sums, uint32_t *planes)
{
#if ESNN_NIBBLE_ROWS
    if (chain->nibbles) {
        esnn_chain_sums_nibbles(chain, weights, bias, list, sums);
        return esnn_block_neuron_lanes(sums, threshold, 0, planes);
    }
#endif
    esnn_plain_sums(chain, weights, bias, list, totals, sums);
    return esnn_plain_neuron(sums, threshold, planes);
}

/** All blocks of a position, where esnn_is_plain(). */
static void esnn_plain_blocks(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                              uint8_t *arena, uint32_t *counts)
{
    const int16_t *list = (const int16_t *)(const void *)(arena + chain->list);
    const uint32_t *totals = (const uint32_t *)(const void *)(arena + chain->totals);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const int16_t *threshold = finish->neuron->narrow_threshold;
    const uint32_t stride = finish->neuron->step_stride;
    const uint32_t pooled = finish->neuron->window != NULL;
    uint32_t *counter = counts + finish->neuron->counter;
    uint32_t first = 0;
    uint32_t early = 0, late = 0; /* spikes of two steps each, by byte */
    uint32_t room = ESNN_COUNTED_BLOCKS;
    uint8_t *at = arena + place->spikes;
    for (uint32_t left = chain->blocks; left != 0; --left) {
        uint32_t planes[2];
        const uint32_t any = esnn_plain_block(chain, weights, bias, list, totals, threshold, sums, planes);
        if (pooled) {
            esnn_block_emit(finish, place, planes, any, first, arena, counts);
        } else {
            esnn_block_write(planes, at, stride);
            early += esnn_count_bytes(planes[0]);
            late += esnn_count_bytes(planes[1]);
            if (--room == 0) {
                esnn_count_flush(&early, &late, counter);
                room = ESNN_COUNTED_BLOCKS;
            }
        }
        first += ESNN_BLOCK;
        weights += chain->block_words;
        bias += ESNN_BLOCK;
        threshold += ESNN_BLOCK;
        at += 2;
    }
    esnn_count_flush(&early, &late, counter);
}

/** The same for T = 2. */
static void esnn_plain_blocks_two(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                                  uint8_t *arena, uint32_t *counts)
{
    const int16_t *list = (const int16_t *)(const void *)(arena + chain->list);
    const uint32_t *totals = (const uint32_t *)(const void *)(arena + chain->totals);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const int16_t *threshold = finish->neuron->narrow_threshold;
    const uint32_t stride = finish->neuron->step_stride;
    const uint32_t pooled = finish->neuron->window != NULL;
    uint32_t spikes = 0; /* of both steps, in the halves of a word */
    uint8_t *at = arena + place->spikes;
    for (uint32_t first = 0; first < chain->channels; first += ESNN_BLOCK) {
        uint32_t plane;
        esnn_chain_lane_sums(chain, weights, bias, list, totals, sums);
        const uint32_t any = esnn_block_neuron_two_lanes(sums, threshold, 0, &plane);
        if (pooled) {
            esnn_block_emit_two(finish, place, &plane, any, first, arena, counts);
        } else {
            esnn_block_write_two(plane, at, stride);
            spikes += esnn_count_halves(plane);
        }
        weights += chain->block_words;
        bias += ESNN_BLOCK;
        threshold += ESNN_BLOCK;
        at += 2;
    }
    uint32_t *counter = counts + finish->neuron->counter;
    counter[0] += spikes & 0xffffu;
    counter[1] += spikes >> 16;
}

void esnn_chain_finish(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                       uint8_t *arena, uint32_t *counts)
{
    const int16_t *list = (const int16_t *)(const void *)(arena + chain->list);
    uint32_t *totals = (uint32_t *)(void *)(arena + chain->totals);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
#if ESNN_CHAIN_V7M && ESNN_CHAIN_TOTALS
    if (!chain->nibbles) {
        esnn_chain_lacks(totals, chain->places);
    }
#endif
    if (esnn_is_plain(chain, finish)) {
        if (finish->timesteps == 2u) {
            esnn_plain_blocks_two(chain, finish, place, arena, counts);
        } else {
            esnn_plain_blocks(chain, finish, place, arena, counts);
        }
        return;
    }
    uint32_t first = 0;
    for (uint32_t left = chain->channels; left != 0;) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_lane_sums(chain, weights, bias, list, totals, sums);
        if (finish->narrow) {
            esnn_block_finish(finish, place, sums, first, channels, arena, counts);
        } else {
            int32_t *wide = (int32_t *)(void *)(arena + chain->wide);
            esnn_widen(sums, wide, (uint32_t)finish->steps << 4);
            esnn_finish(finish, place, wide, ESNN_BLOCK, first, channels, arena, counts);
        }
        first += ESNN_BLOCK;
        weights += chain->block_words;
        bias += ESNN_BLOCK;
        left -= channels;
    }
}

#endif
