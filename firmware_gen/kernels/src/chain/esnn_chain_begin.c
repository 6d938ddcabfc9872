#include "esnn_chain.h"

void esnn_chain_begin(const esnn_chain_t *chain, const esnn_finish_t *finish, uint8_t *arena)
{
#if ESNN_CHAIN_V6M
    (void)chain;
    (void)finish;
    (void)arena;
#else
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    int16_t *sums = (int16_t *)(void *)(arena + chain->sums);
    for (uint32_t i = 0; i != chain->places; ++i) {
        runs->out[i] = sums + chain->sum[i];
    }
    const esnn_neuron_t *neuron = finish->neuron;
    runs->plain = finish->narrow && finish->residual == NULL && finish->store == NULL && neuron != NULL &&
                  neuron->lanes && !neuron->ternary;
    runs->early = 0;
    runs->late = 0;
    runs->room = ESNN_COUNTED_BLOCKS;
#endif
}
