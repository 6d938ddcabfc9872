#include "esnn_chain_portable.h"

#if ESNN_NIBBLE_ROWS && !ESNN_CHAIN_DSP && !ESNN_CHAIN_SWAR

void esnn_chain_sums_nibbles_portable(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                                      const esnn_runs_t *runs, const uint32_t *totals)
{
    (void)totals;
    esnn_readable_sums(chain, weights, bias, runs, 1);
}

#endif
