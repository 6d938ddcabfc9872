/**
 * @file esnn_chain_portable.h
 * @brief The readable form of esnn_chain_sums() and esnn_chain_sums_nibbles().
 */
#ifndef ESNN_CHAIN_PORTABLE_H
#define ESNN_CHAIN_PORTABLE_H

#include <string.h>

#include "esnn_chain.h"

/** acc[c] += a row of bytes, as ESNN_WEIGHTS() lays them. */
static inline void esnn_add_bytes(uint16_t *acc, const uint32_t *word)
{
    for (uint32_t c = 0; c < ESNN_BLOCK; c += 4) {
        const uint32_t w = *word++;
        acc[c] = (uint16_t)(acc[c] + (uint32_t)(int8_t)w);
        acc[c + 2] = (uint16_t)(acc[c + 2] + (uint32_t)(int8_t)(w >> 8));
        acc[c + 1] = (uint16_t)(acc[c + 1] + (uint32_t)(int8_t)(w >> 16));
        acc[c + 3] = (uint16_t)(acc[c + 3] + (uint32_t)(int8_t)(w >> 24));
    }
}

/** acc[c] += a row of nibbles, as ESNN_NIBBLES() lays them. */
static inline void esnn_add_nibbles(uint16_t *acc, const uint32_t *word)
{
    static const uint8_t output[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    for (uint32_t c = 0; c < ESNN_BLOCK; c += 8) {
        uint32_t w = *word++;
        for (uint32_t i = 0; i < 8; ++i) {
            uint16_t *to = acc + c + output[i];
            *to = (uint16_t)(*to + (w & 15u) - 8u);
            w >>= 4;
        }
    }
}

/** acc[c] += the weights of each listed row. */
static inline void esnn_add_part(uint16_t *acc, const uint32_t *weights, const int16_t *list, uint32_t nibbles)
{
    int16_t row;
    while ((row = *list++) != ESNN_LIST_END) {
        uint32_t back = (uint32_t)-row;
        ESNN_HIDE(back);
        if (nibbles) {
            esnn_add_nibbles(acc, weights - (back << 1));
        } else {
            esnn_add_bytes(acc, weights - (back << 2));
        }
    }
}

/** Trunk and branches; signed sums need no totals. @param nibbles  known when this is compiled. */
static inline void esnn_readable_sums(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                      const esnn_runs_t *runs, uint32_t nibbles)
{
    uint16_t trunk[ESNN_BLOCK];
    uint16_t branch[ESNN_BLOCK];
    memcpy(trunk, bias, sizeof trunk);
    const int16_t *const *part = runs->part;
    const uint32_t last = chain->places - 1u;
    for (uint32_t i = 0; i < last; ++i) {
        esnn_add_part(trunk, weights, *part++, nibbles);
        memcpy(branch, trunk, sizeof branch);
        esnn_add_part(branch, weights, *part++, nibbles);
        memcpy(runs->out[i], branch, sizeof branch);
    }
    esnn_add_part(trunk, weights, *part, nibbles);
    memcpy(runs->out[last], trunk, sizeof trunk);
}

#endif
