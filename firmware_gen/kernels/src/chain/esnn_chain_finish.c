#include "esnn_asm.h"
#include "esnn_dsp.h"
#include "esnn_v6m.h"
#include "esnn_v7m_numbers.h"

ESNN_ASM_STACK(72);

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

/** Set bits of each byte, in the bytes. */
static inline uint32_t esnn_count_bytes(uint32_t bits)
{
    bits = bits - ((bits >> 1) & 0x55555555u);
    bits = (bits & 0x33333333u) + ((bits >> 2) & 0x33333333u);
    return (bits + (bits >> 4)) & 0x0f0f0f0fu;
}

/** Sums of one block and the neurons behind them; returns whether any fires. */
static inline uint32_t esnn_plain_block(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                        const esnn_runs_t *runs, const uint32_t *totals, const int16_t *threshold,
                                        int16_t *sums, uint32_t *planes)
{
    (void)chain; /* not looked at in every form */
#if ESNN_NIBBLE_ROWS
    if (chain->nibbles) {
        esnn_chain_sums_nibbles(chain, weights, bias, runs, totals);
        return esnn_block_neuron_lanes(sums, threshold, 0, planes);
    }
#endif
#if ESNN_CHAIN_DSP /* in line: blocks are short */
    ESNN_SUMS_OF_FOUR(totals);
    return esnn_neurons_dsp((const uint32_t *)(const void *)sums, (const uint32_t *)(const void *)threshold, planes);
#elif ESNN_CHAIN_V7M
    ESNN_SUMS_OF_FOUR(totals);
    return esnn_neurons_v7m(sums, threshold, planes);
#else
    esnn_chain_sums(chain, weights, bias, runs, totals);
    return esnn_block_neuron_lanes(sums, threshold, 0, planes);
#endif
}

/** ORs the planes of four steps into two bytes each, `stride` bytes apart. */
static inline void esnn_or_planes(const uint32_t *planes, uint8_t *at, uint32_t stride)
{
    uint16_t *half = (uint16_t *)(void *)at;
    if (planes[0] != 0) {
        *half = (uint16_t)(*half | planes[0]);
        half = (uint16_t *)(void *)(at + stride);
        *half = (uint16_t)(*half | planes[0] >> 16);
    }
    if (planes[1] != 0) {
        ESNN_WALK(at, stride << 1);
        half = (uint16_t *)(void *)at;
        *half = (uint16_t)(*half | planes[1]);
        half = (uint16_t *)(void *)(at + stride);
        *half = (uint16_t)(*half | planes[1] >> 16);
    }
}

/** All blocks of a position, where runs->plain. */
static void esnn_plain_blocks(const esnn_chain_t *chain, const esnn_neuron_t *neuron, const esnn_place_t *place,
                              uint8_t *arena, uint32_t *counts)
{
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    const uint32_t *totals = (const uint32_t *)(const void *)(arena + chain->totals);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights + esnn_row_words(chain, runs->rows);
    const int16_t *bias = chain->bias;
    const int16_t *threshold = neuron->narrow_threshold;
    const uint32_t stride = neuron->step_stride;
    const esnn_window_t *window = neuron->window;
    uint8_t *at = arena + (window == NULL ? place->spikes : neuron->offset);
    const esnn_windows_t in = window == NULL ? (esnn_windows_t){at, 0, 0} : esnn_windows(window, place, at);
    uint8_t *block = in.line;
    for (uint32_t left = chain->blocks; left != 0; --left) {
        uint32_t planes[2];
        const uint32_t any = esnn_plain_block(chain, weights, bias, runs, totals, threshold, sums, planes);
        if (window == NULL) {
            esnn_block_write(planes, block, stride);
        } else if (any != 0) {
            uint8_t *line = block;
            for (uint32_t i = in.rows; i != 0; --i) {
                at = line;
                for (uint32_t j = in.columns; j != 0; --j) {
                    esnn_or_planes(planes, at, stride);
                    ESNN_WALK(at, window->position_stride);
                }
                ESNN_WALK(line, window->row_stride);
            }
        }
        if (any != 0) { /* counted once a layer: esnn_chain_end() */
            runs->early += esnn_count_bytes(planes[0]);
            runs->late += esnn_count_bytes(planes[1]);
            if (--runs->room == 0) {
                esnn_chain_count(runs, counts + neuron->counter);
            }
        }
        ESNN_WALK(weights, chain->block_words);
        bias += ESNN_BLOCK;
        threshold += ESNN_BLOCK;
        block += 2;
    }
}

/** The same for T = 2. */
static void esnn_plain_blocks_two(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                                  uint8_t *arena, uint32_t *counts)
{
    const int16_t *sums = (const int16_t *)(const void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    const int16_t *threshold = finish->neuron->narrow_threshold;
    const uint32_t stride = finish->neuron->step_stride;
    const uint32_t pooled = finish->neuron->window != NULL;
    uint32_t spikes = 0; /* of both steps, in the halves of a word */
    uint8_t *at = arena + place->spikes;
    for (uint32_t first = 0; first < chain->channels; first += ESNN_BLOCK) {
        uint32_t plane;
        esnn_chain_lane_sums(chain, weights, bias, arena);
        const uint32_t any = esnn_block_neuron_two_lanes(sums, threshold, 0, &plane);
        if (pooled) {
            esnn_block_emit_two(finish, place, &plane, any, first, arena, counts);
        } else {
            esnn_block_write_two(plane, at, stride);
            spikes += esnn_count_halves(plane);
        }
        ESNN_WALK(weights, chain->block_words);
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
#if ESNN_CHAIN_V7M && ESNN_CHAIN_TOTALS
    if (!chain->nibbles) {
        esnn_chain_lacks((uint32_t *)(void *)(arena + chain->totals), chain->places);
    }
#endif
    if (((const esnn_runs_t *)(const void *)(arena + chain->runs))->plain) {
        if (finish->timesteps == 2u) {
            esnn_plain_blocks_two(chain, finish, place, arena, counts);
        } else {
            esnn_plain_blocks(chain, finish->neuron, place, arena, counts);
        }
        return;
    }
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights;
    const int16_t *bias = chain->bias;
    uint32_t first = 0;
    for (uint32_t left = chain->channels; left != 0;) {
        const uint32_t channels = left < ESNN_BLOCK ? left : ESNN_BLOCK;
        esnn_chain_lane_sums(chain, weights, bias, arena);
        esnn_finish_sums(chain, finish, place, sums, first, channels, arena, counts);
        first += ESNN_BLOCK;
        ESNN_WALK(weights, chain->block_words);
        bias += ESNN_BLOCK;
        left -= channels;
    }
}

#endif
