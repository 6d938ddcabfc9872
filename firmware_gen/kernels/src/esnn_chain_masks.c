#include <string.h>

#include "esnn_bits.h"
#include "esnn_chain.h"
#include "esnn_v6m.h"

/** Up to 32 inputs of one step; the spikes are aligned to 2 bytes only. */
static inline uint32_t esnn_load_plane(const uint8_t *at, int32_t bytes)
{
    uint32_t bits = 0;
#if defined(__ARM_FEATURE_UNALIGNED)
    if (bytes >= 4) {
        memcpy(&bits, at, 4);
    } else {
        bits = *(const uint16_t *)(const void *)at;
    }
#else
    bits = *(const uint16_t *)(const void *)at;
    if (bytes >= 4) {
        bits |= (uint32_t)*(const uint16_t *)(const void *)(at + 2) << 16;
    }
#endif
#if defined(__ARM_FEATURE_CLZ)
    __asm__("rbit %0, %0" : "+r"(bits));
#endif
    return bits;
}

/** One position with T = 4, unrolled: most models there are. */
static inline uint32_t *esnn_masks_of_four(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t first,
                                           uint32_t *masks)
{
    const uint8_t *at_a = spikes + chain->plane[0], *at_b = spikes + chain->plane[1];
    const uint8_t *at_c = spikes + chain->plane[2], *at_d = spikes + chain->plane[3];
    for (int32_t left = (int32_t)chain->row_bytes; left > 0; left -= 4) {
        const uint32_t a = esnn_load_plane(at_a, left);
        const uint32_t b = esnn_load_plane(at_b, left);
        const uint32_t c = esnn_load_plane(at_c, left);
        const uint32_t d = esnn_load_plane(at_d, left);
        if ((a | b | c | d) != 0) {
            const uint32_t cd = c & d, bcd = b & cd, abcd = a & bcd;
            masks[0] = first;
            masks[1] = abcd;
            masks[2] = a & ~abcd;
            masks[3] = bcd & ~abcd;
            masks[4] = b & ~bcd;
            masks[5] = cd & ~bcd;
            masks[6] = c & ~cd;
            masks[7] = d & ~cd;
            masks += 8;
        }
        at_a += 4;
        at_b += 4;
        at_c += 4;
        at_d += 4;
        first += 32u;
    }
    return masks;
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
            masks += chain->places << 1;
        }
        spikes += 4;
        first += 32u;
    }
    return masks;
}

uint32_t *esnn_chain_masks(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint32_t first,
                           uint32_t *masks)
{
    const uint32_t four = chain->places == 4u;
#if ESNN_CHAIN_V6M
    if (four) {
        return esnn_chain_masks_v6m(chain, spikes, positions, chain->position_bytes, first, chain->inputs, masks);
    }
#endif
    for (; positions != 0; --positions) {
        masks =
            four ? esnn_masks_of_four(chain, spikes, first, masks) : esnn_masks_of_any(chain, spikes, first, masks);
        spikes += chain->position_bytes;
        first += chain->inputs;
    }
    return masks;
}
