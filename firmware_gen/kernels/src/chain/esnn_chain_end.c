#include "esnn_chain.h"

void esnn_chain_end(const esnn_chain_t *chain, const esnn_finish_t *finish, uint8_t *arena, uint32_t *counts)
{
#if ESNN_CHAIN_V6M
    (void)chain;
    (void)finish;
    (void)arena;
    (void)counts;
#else
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    if (runs->plain && finish->timesteps != 2u) { /* of two steps: counted at each position */
        esnn_chain_count(runs, counts + finish->neuron->counter);
    }
#endif
}
