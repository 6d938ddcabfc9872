/**
 * @file esnn_block.h
 * @brief What happens to 16-bit sums of a block of outputs of one position: residual, store, pool, neuron.
 *
 * The narrow twin of esnn_finish.h, for finishes whose every part fits 16 bits; what stands in lanes past
 * the last channel is computed as well, and its spikes are masked off.
 */
#ifndef ESNN_BLOCK_H
#define ESNN_BLOCK_H

#include "esnn_chain.h"

/**
 * Finishes a block.
 *
 * @param sums   int16 [T][ESNN_BLOCK]; overwritten.
 * @param first     first channel, a multiple of ESNN_BLOCK.
 * @param channels  number of channels, 1 to ESNN_BLOCK.
 */
void esnn_block_finish(const esnn_finish_t *finish, const esnn_place_t *place, int16_t *sums, uint32_t first,
                       uint32_t channels, uint8_t *arena, uint32_t *counts);

/** Finishes the sums of a block, in 32 bits where 16 are not enough. Parameters as above. */
static inline void esnn_finish_sums(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                                    int16_t *sums, uint32_t first, uint32_t channels, uint8_t *arena,
                                    uint32_t *counts)
{
    if (finish->narrow) {
        esnn_block_finish(finish, place, sums, first, channels, arena, counts);
        return;
    }
    int32_t *wide = (int32_t *)(void *)(arena + chain->wide);
    for (uint32_t i = 0; i < (uint32_t)finish->steps << 4; ++i) {
        wide[i] = sums[i];
    }
    esnn_finish(finish, place, wide, ESNN_BLOCK, first, channels, arena, counts);
}

/**
 * Neurons of T = 4, a leak of 1/2 and reset to zero: the planes of their spikes, one bit a channel. Forms of
 * two lanes a word have 16-bit membranes: esnn_neuron_t.lanes must be set; the others have 32-bit ones. So
 * esnn_block_neuron() is for any neuron, esnn_block_neuron_lanes() for those with lanes (esnn_forms.h).
 *
 * @param sums       int16 [4][ESNN_BLOCK], 4-byte aligned.
 * @param threshold  int16 [ESNN_BLOCK], 4-byte aligned, each >= 1.
 * @param planes     16 bits a step, steps 0 and 1 in the first word (0 in the lower half), 2 and 3 in the second;
 *                   ternary: then two words of -1.
 * @return not 0 if any fired.
 */
uint32_t esnn_block_neuron_portable(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes);
uint32_t esnn_block_neuron_dsp(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes);

uint32_t esnn_block_neuron_v6m(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes);
uint32_t esnn_block_neuron_v7m(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes);
uint32_t esnn_block_neuron_lanes_v7m(const int16_t *sums, const int16_t *threshold, uint8_t ternary,
                                     uint32_t *planes);

/**
 * The same for T = 2; esnn_block_neuron_two_lanes() likewise, other neurons take the portable form.
 *
 * @param sums    int16 [2][ESNN_BLOCK].
 * @param planes  one word, step 0 in its lower half; ternary: then one of -1.
 */
uint32_t esnn_block_neuron_two_portable(const int16_t *sums, const int16_t *threshold, uint8_t ternary,
                                        uint32_t *planes);
uint32_t esnn_block_neuron_two_dsp(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes);

/**
 * The same as esnn_block_neuron() from 32-bit sums.
 *
 * @param stride     entries from the sums of one step to those of the next.
 * @param threshold  int32 [ESNN_BLOCK].
 */
uint32_t esnn_block_neuron_wide_portable(const int32_t *sums, uint32_t stride, const int32_t *threshold,
                                         uint8_t ternary, uint32_t *planes);
uint32_t esnn_block_neuron_wide_v7m(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                    uint32_t *planes);

/** The same for T = 2, with the planes of esnn_block_neuron_two_portable(). */
uint32_t esnn_block_neuron_wide_two(const int32_t *sums, uint32_t stride, const int32_t *threshold, uint8_t ternary,
                                    uint32_t *planes);

/** x = min(max(x, 0), clip) for `entries` lanes, an even number. Source: docs/numerics.md, "relu". */
void esnn_block_clip_portable(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries);
void esnn_block_clip_dsp(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries);
void esnn_block_clip_v7m(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries);
void esnn_block_clip_v6m(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries);

/** For the eight words of 16 lanes: the shift of its bits from the top, and bytes to it at each of four steps. */
#define ESNN_EACH_PAIR(pair)                                                                                         \
    pair("15", "0", "32", "64", "96") pair("13", "4", "36", "68", "100") pair("11", "8", "40", "72", "104")          \
        pair("9", "12", "44", "76", "108") pair("7", "16", "48", "80", "112") pair("5", "20", "52", "84", "116")     \
            pair("3", "24", "56", "88", "120") pair("1", "28", "60", "92", "124")

/** Set bits of each half of a word, in the halves. */
static inline uint32_t esnn_count_halves(uint32_t bits)
{
    bits = bits - ((bits >> 1) & 0x55555555u);
    bits = (bits & 0x33333333u) + ((bits >> 2) & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0fu;
    return (bits + (bits >> 8)) & 0x001f001fu;
}

/** Adds the spikes of two words of planes to the counters of four steps. */
static inline void esnn_block_count(const uint32_t *planes, uint32_t *counter)
{
    const uint32_t early = esnn_count_halves(planes[0]);
    const uint32_t late = esnn_count_halves(planes[1]);
    counter[0] += early & 31u;
    counter[1] += early >> 16;
    counter[2] += late & 31u;
    counter[3] += late >> 16;
}

/** Writes two words of planes, one step each `stride` bytes. */
static inline void esnn_block_write(const uint32_t *planes, uint8_t *at, uint32_t stride)
{
    *(uint16_t *)(void *)at = (uint16_t)planes[0];
    at += stride;
    *(uint16_t *)(void *)at = (uint16_t)(planes[0] >> 16);
    ESNN_WALK(at, stride);
    *(uint16_t *)(void *)at = (uint16_t)planes[1];
    at += stride;
    *(uint16_t *)(void *)at = (uint16_t)(planes[1] >> 16);
}

/** Writes a word of planes, one step each `stride` bytes. */
static inline void esnn_block_write_two(uint32_t plane, uint8_t *at, uint32_t stride)
{
    *(uint16_t *)(void *)at = (uint16_t)plane;
    *(uint16_t *)(void *)(at + stride) = (uint16_t)(plane >> 16);
}

/** Raises the maxima of the windows that the position is in, at all steps of the sums. @param first  the first
 * channel.
 */
void esnn_block_pool(const esnn_finish_t *finish, const esnn_place_t *place, const int16_t *sums, uint32_t first,
                     uint8_t *arena);

/** Counts the spikes of a block and writes them, or ORs them into pooling windows. @param first  its first channel.
 */
void esnn_block_emit(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes, uint32_t any,
                     uint32_t first, uint8_t *arena, uint32_t *counts);

/** The same for T = 2, with the planes of esnn_block_neuron_two_portable(). */
void esnn_block_emit_two(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes, uint32_t any,
                         uint32_t first, uint8_t *arena, uint32_t *counts);

#endif
