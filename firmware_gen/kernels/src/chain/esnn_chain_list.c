#include "esnn_bits.h"
#include "esnn_chain.h"
#include "esnn_v6m.h"

#if !ESNN_CHAIN_V6M
/** Rows that make the sums of each place. @param end  behind the last run. */
static void esnn_count_rows(const int16_t *const *run, const int16_t *end, uint32_t places, uint32_t *totals)
{
    uint32_t trunk = 0;
    for (; places != 1u; --places) {
        trunk += (uint32_t)(run[1] - run[0]) - 1u;
        *totals++ = trunk + (uint32_t)(run[2] - run[1]) - 1u;
        run += 2;
    }
    *totals = trunk + (uint32_t)(end - run[0]) - 1u;
}
#endif

void esnn_chain_list(const esnn_chain_t *chain, const uint8_t *spikes, uint8_t *arena)
{
#if ESNN_CHAIN_V6M
    uint32_t *masks = (uint32_t *)(void *)(arena + chain->masks);
    const uint32_t *end = esnn_chain_masks(chain, spikes, 1, 0, masks);
    esnn_chain_list_v6m(chain, masks, end, 8u << ESNN_ROW_SHIFT, (int32_t *)(void *)(arena + chain->list));
#else
    int16_t *list = (int16_t *)(void *)(arena + chain->list);
    esnn_runs_t *runs = (esnn_runs_t *)(void *)(arena + chain->runs);
    const int16_t **run = runs->part;
    const uint8_t *map = arena + chain->map;
    const uint32_t bytes = chain->position_map, step = chain->map_bytes;
    const uint32_t row = 0u - chain->inputs;
    esnn_chain_map(chain, spikes, 1, arena + chain->map);
    runs->rows = chain->inputs;
    for (uint32_t part = (chain->places << 1) - 1u; part != 0; --part) {
        *run++ = list;
        if (bytes == 4u) { /* the widths of most layers */
            list = esnn_append_bits(map, 4, row, list);
        } else if (bytes == 6u) {
            list = esnn_append_bits(map, 6, row, list);
        } else if (bytes == 8u) {
            list = esnn_append_bits(map, 8, row, list);
        } else {
            list = esnn_append_bits(map, bytes, row, list);
        }
        *list++ = ESNN_LIST_END;
        ESNN_WALK(map, step);
    }
    if (ESNN_CHAIN_TOTALS || chain->nibbles) {
        esnn_count_rows(runs->part, list, chain->places, (uint32_t *)(void *)(arena + chain->totals));
    }
#endif
}
