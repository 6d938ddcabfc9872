#include <string.h>

#include "esnn_chain.h"

#if ESNN_NIBBLE_ROWS && ESNN_CHAIN_SWAR

/** acc: two sums a word, as one number modulo 2^32. */
static void esnn_add_part(uint32_t *acc, const uint32_t *weights, const int16_t *list)
{
    uint32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
    uint32_t a4 = acc[4], a5 = acc[5], a6 = acc[6], a7 = acc[7];
    int32_t row;
    while ((row = *list++) < 0) {
        const uint32_t *w = weights - ((uint32_t)-row << 1);
        const uint32_t low = w[0], high = w[1];
        a0 += low & 0x000f000fu;
        a1 += (low >> 8) & 0x000f000fu;
        a2 += (low >> 4) & 0x000f000fu;
        a3 += (low >> 12) & 0x000f000fu;
        a4 += high & 0x000f000fu;
        a5 += (high >> 8) & 0x000f000fu;
        a6 += (high >> 4) & 0x000f000fu;
        a7 += (high >> 12) & 0x000f000fu;
    }
    acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
    acc[4] = a4, acc[5] = a5, acc[6] = a6, acc[7] = a7;
}

/** Takes the bias of `rows` rows off, and splits numbers into lanes. */
static void esnn_unload(const uint32_t *acc, uint32_t rows, int16_t *sums)
{
    const uint32_t each = rows << 3;
    const uint32_t lack = 0x8000u - each - (each << 16);
    uint32_t *out = (uint32_t *)(void *)sums;
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        /* Adding 2^15 makes the upper lane exact and leaves it in the lower one, where it is flipped back. */
        out[i] = (acc[i] + lack) ^ 0x8000u;
    }
}

void esnn_chain_sums_nibbles_swar(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                  const esnn_runs_t *runs, const uint32_t *totals)
{
    uint32_t trunk[ESNN_BLOCK / 2u], branch[ESNN_BLOCK / 2u];
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        trunk[i] = (uint32_t)(int32_t)bias[0] + ((uint32_t)(int32_t)bias[1] << 16);
        bias += 2;
    }
    const int16_t *const *part = runs->part;
    const uint32_t last = chain->places - 1u;
    for (uint32_t i = 0; i < last; ++i) {
        esnn_add_part(trunk, weights, *part++);
        memcpy(branch, trunk, sizeof branch);
        esnn_add_part(branch, weights, *part++);
        esnn_unload(branch, totals[i], runs->out[i]);
    }
    esnn_add_part(trunk, weights, *part);
    esnn_unload(trunk, totals[last], runs->out[last]);
}

#endif
