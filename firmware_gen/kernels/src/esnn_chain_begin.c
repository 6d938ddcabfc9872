#include "esnn_chain.h"

void esnn_chain_begin(const esnn_chain_t *chain, uint8_t *arena)
{
#if ESNN_CHAIN_V6M
    (void)chain;
    (void)arena;
#else
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    for (uint32_t i = 0; i != chain->places; ++i) {
        runs->out[i] = sums + chain->sum[i];
    }
#endif
}
