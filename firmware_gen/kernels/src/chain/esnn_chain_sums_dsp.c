#include "esnn_asm.h"
#include "esnn_dsp.h"

#if ESNN_CHAIN_DSP

ESNN_ASM_STACK(72);

void esnn_chain_sums_dsp(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                         const esnn_runs_t *runs, const uint32_t *totals)
{
    ESNN_SUMS(totals, 0u); /* signed weights need no correction */
}

#endif
