#include "esnn_bits.h"
#include "esnn_chain.h"
#include "esnn_v6m.h"

void esnn_chain_list(const esnn_chain_t *chain, const uint8_t *spikes, uint8_t *arena)
{
#if ESNN_CHAIN_V6M
    uint32_t *masks = (uint32_t *)(void *)(arena + chain->masks);
    const uint32_t *end = esnn_chain_masks(chain, spikes, 1, 0, masks);
    esnn_chain_list_v6m(chain, masks, end, 8u << ESNN_ROW_SHIFT, (int32_t *)(void *)(arena + chain->list));
#else
    int16_t *list = (int16_t *)(void *)(arena + chain->list);
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    uint32_t *totals = (uint32_t *)(void *)(arena + chain->totals);
    uint32_t trunk = 0;
    const uint32_t parts = (chain->places << 1) - 1u;
    const uint8_t *map = arena + chain->map;
    esnn_chain_map(chain, spikes, 1, arena + chain->map);
    runs->rows = chain->inputs;
    for (uint32_t part = 0; part != parts; ++part) {
        const int16_t *begin = list;
        list = esnn_append_bits(map, chain->position_map, 0u - chain->inputs, list);
        runs->part[part] = begin;
        const uint32_t rows = (uint32_t)(list - begin);
        if ((part & 1u) != 0u) {
            *totals++ = trunk + rows;
        } else {
            trunk += rows;
        }
        *list++ = ESNN_LIST_END;
        map += chain->map_bytes;
    }
    *totals = trunk;
#endif
}
