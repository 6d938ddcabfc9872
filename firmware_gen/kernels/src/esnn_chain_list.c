#include "esnn_bits.h"
#include "esnn_chain.h"
#include "esnn_v6m.h"

void esnn_chain_list(const esnn_chain_t *chain, const uint32_t *masks, const uint32_t *end, int16_t *list,
                     uint32_t *totals)
{
#if ESNN_CHAIN_V6M
    (void)totals;
    esnn_chain_list_v6m(chain, masks, end, 8u << ESNN_ROW_SHIFT, (int32_t *)(void *)list);
#else
    const uint32_t stride = chain->places << 1;
    uint32_t trunk = 0;
    for (uint32_t part = 1; part != stride; ++part) {
        const int16_t *begin = list;
        for (const uint32_t *at = masks; at != end; at += stride) {
            const uint32_t mask = at[part];
            if (mask != 0) {
                list = esnn_append_rows(mask, at[0], list);
            }
        }
        const uint32_t rows = (uint32_t)(list - begin);
        if ((part & 1u) == 0u) {
            *totals++ = trunk + rows;
        } else {
            trunk += rows;
        }
        *list++ = ESNN_LIST_END;
    }
    *totals = trunk;
#endif
}
