#include "esnn_chain.h"

#if !defined(__ARM_FEATURE_CLZ)
/** Place of the lowest bit of a byte. */
static const uint8_t lowest[256] = {
    0, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 5, 0, 1, 0, 2,
    0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 6, 0, 1, 0, 2, 0, 1, 0, 3, 0,
    1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 5, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1,
    0, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 7, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0,
    2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 5, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0, 3,
    0, 1, 0, 2, 0, 1, 0, 6, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0,
    1, 0, 5, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0};
#endif

/** Appends the inputs whose bit is set. */
static inline int16_t *esnn_append(uint32_t mask, uint32_t first, int16_t *list)
{
#if defined(__ARM_FEATURE_CLZ)
    while (mask != 0) {
        const uint32_t k = (uint32_t)__builtin_clz(mask);
        mask &= ~(0x80000000u >> k);
        *list++ = (int16_t)(first + k);
    }
#else
    while (mask != 0) {
        uint32_t byte = mask & 255u;
        while (byte != 0) {
            *list++ = (int16_t)(first + lowest[byte]);
            byte &= byte - 1u;
        }
        mask >>= 8;
        first += 8u;
    }
#endif
    return list;
}

void esnn_chain_list(const esnn_chain_t *chain, const uint32_t *masks, const uint32_t *end, int16_t *list,
                     uint32_t *totals)
{
#if ESNN_CHAIN_V6M
    (void)totals;
    esnn_chain_list_v6m(chain, masks, end, (int32_t *)(void *)list);
#else
    const uint32_t stride = chain->places << 1;
    uint32_t trunk = 0;
    for (uint32_t part = 1; part != stride; ++part) {
        const int16_t *begin = list;
        for (const uint32_t *at = masks; at != end; at += stride) {
            const uint32_t mask = at[part];
            if (mask != 0) {
                list = esnn_append(mask, at[0], list);
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
