#include "esnn_chain.h"

#if !ESNN_CHAIN_SWAR

/** acc[c] += the weights of each listed row. */
static void esnn_add_part(uint16_t *acc, const uint32_t *weights, const int16_t *list)
{
    int16_t row;
    while ((row = *list++) != ESNN_LIST_END) {
        uint32_t back = (uint32_t)-row;
        ESNN_HIDE(back);
        const uint32_t *word = weights - (back << 2);
        for (uint32_t c = 0; c < ESNN_BLOCK; c += 4) {
            const uint32_t w = *word++;
            acc[c] = (uint16_t)(acc[c] + (uint32_t)(int8_t)w);
            acc[c + 2] = (uint16_t)(acc[c + 2] + (uint32_t)(int8_t)(w >> 8));
            acc[c + 1] = (uint16_t)(acc[c + 1] + (uint32_t)(int8_t)(w >> 16));
            acc[c + 3] = (uint16_t)(acc[c + 3] + (uint32_t)(int8_t)(w >> 24));
        }
    }
}

static void esnn_copy(int16_t *to, const uint16_t *acc)
{
    for (uint32_t c = 0; c < ESNN_BLOCK; ++c) {
        to[c] = (int16_t)acc[c];
    }
}

void esnn_chain_sums_portable(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                              const esnn_runs_t *runs, const uint32_t *totals)
{
    uint16_t trunk[ESNN_BLOCK];
    uint16_t branch[ESNN_BLOCK];
    (void)totals; /* signed weights need no correction */
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
