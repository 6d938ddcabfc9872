#include "esnn_chain.h"

#if ESNN_NIBBLE_ROWS && !ESNN_CHAIN_DSP && !ESNN_CHAIN_SWAR

/** acc[c] += the weights of each listed row. */
static void esnn_add_part(uint16_t *acc, const uint32_t *weights, const int16_t *list)
{
    static const uint8_t output[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    int16_t row;
    while ((row = *list++) != ESNN_LIST_END) {
        const uint32_t *word = weights - ((uint32_t)-row << 1);
        for (uint32_t c = 0; c < ESNN_BLOCK; c += 8) {
            uint32_t w = *word++;
            for (uint32_t i = 0; i < 8; ++i) {
                uint16_t *to = acc + c + output[i];
                *to = (uint16_t)(*to + (w & 15u) - 8u);
                w >>= 4;
            }
        }
    }
}

static void esnn_copy(int16_t *to, const uint16_t *acc)
{
    for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
        to[c] = (int16_t)acc[c];
    }
}

void esnn_chain_sums_nibbles_portable(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                      const esnn_runs_t *runs, const uint32_t *totals)
{
    uint16_t trunk[ESNN_BLOCK];
    uint16_t branch[ESNN_BLOCK];
    (void)totals;
    for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
        trunk[c] = (uint16_t)bias[c];
    }
    const int16_t *const *part = runs->part;
    const uint32_t last = chain->places - 1u;
    for (uint32_t i = 0; i < last; ++i) {
        esnn_add_part(trunk, weights, *part++);
        for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
            branch[c] = trunk[c];
        }
        esnn_add_part(branch, weights, *part++);
        esnn_copy(runs->out[i], branch);
    }
    esnn_add_part(trunk, weights, *part);
    esnn_copy(runs->out[last], trunk);
}

#endif
