#include "esnn_chain.h"

void esnn_chain_count(esnn_runs_t *runs, uint32_t *counter)
{
    const uint32_t a = (runs->early & 0x00ff00ffu) + ((runs->early >> 8) & 0x00ff00ffu);
    const uint32_t b = (runs->late & 0x00ff00ffu) + ((runs->late >> 8) & 0x00ff00ffu);
    counter[0] += a & 0xffffu;
    counter[1] += a >> 16;
    counter[2] += b & 0xffffu;
    counter[3] += b >> 16;
    runs->early = 0;
    runs->late = 0;
    runs->room = ESNN_COUNTED_BLOCKS;
}
