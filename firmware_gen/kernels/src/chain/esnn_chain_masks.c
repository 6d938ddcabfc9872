#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

/** Up to 32 inputs of one step; the spikes are aligned to 2 bytes only. */
static inline uint32_t esnn_load_plane(const uint8_t *at, int32_t bytes)
{
    uint32_t bits = *(const uint16_t *)(const void *)at;
    if (bytes >= 4) {
        bits |= (uint32_t)*(const uint16_t *)(const void *)(at + 2) << 16;
    }
    return bits;
}

/** One position with any T. */
static uint32_t *esnn_masks_of_any(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t first, uint32_t *masks)
{
    const uint32_t last = chain->places - 1u;
    for (int32_t left = (int32_t)chain->row_bytes; left > 0; left -= 4) {
        uint32_t trunk = esnn_load_plane(spikes + chain->plane[last], left);
        uint32_t any = trunk;
        uint32_t *part = masks + 1 + (last << 1);
        *part = trunk;
        /* From the last place to the first: what the trunk of a place shares with those behind it is taken away
           from what was put down there before. */
        for (uint32_t i = last; i != 0; --i) {
            const uint32_t here = esnn_load_plane(spikes + chain->plane[i - 1u], left);
            const uint32_t shared = here & trunk;
            any |= here;
            *part-- &= ~shared;
            *part-- = here & ~shared;
            *part = shared;
            trunk = shared;
        }
        if (any != 0) {
            masks[0] = first;
            ESNN_WALK(masks, chain->places << 1);
        }
        spikes += 4;
        first += 32u;
    }
    return masks;
}

uint32_t *esnn_chain_masks(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint32_t first,
                           uint32_t *masks)
{
    if (chain->places == 4u) {
        return esnn_chain_masks_v6m(chain, spikes, positions, chain->position_bytes, first, chain->inputs, masks);
    }
    for (; positions != 0; --positions) {
        masks = esnn_masks_of_any(chain, spikes, first, masks);
        ESNN_WALK(spikes, chain->position_bytes);
        ESNN_WALK(first, chain->inputs);
    }
    return masks;
}

#endif
