#include "esnn_bits.h"
#include "esnn_chain.h"

#if !ESNN_CHAIN_V6M

/** The same input bytes of `count` neighbouring positions, side by side. */
static inline uint32_t esnn_gather(const esnn_chain_t *chain, const uint8_t *at, uint32_t bytes, uint32_t count)
{
    uint32_t bits = esnn_load_bits(at, bytes);
    for (uint32_t shift = bytes << 3; --count != 0; shift += bytes << 3) {
        ESNN_WALK(at, chain->position_bytes);
        bits |= esnn_load_bits(at, bytes) << shift;
    }
    return bits;
}

/** Writes 1, 2 or 4 bytes, not aligned. */
static inline uint8_t *esnn_put(uint8_t *to, uint32_t bits, uint32_t bytes, uint32_t part_bytes)
{
    memcpy(to, &bits, bytes); /* little-endian */
    return to + part_bytes;
}

/**
 * Splits up to 32 bits of `count` neighbouring positions into the parts of the chain.
 *
 * @param bytes, count  constants.
 * @param all           their product: 1, 2 or 4.
 */
static inline void esnn_split(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t bytes, uint32_t count,
                              uint32_t all, uint8_t *map)
{
    if (chain->places == 4u) {
        const uint32_t a = esnn_gather(chain, spikes + chain->plane[0], bytes, count);
        const uint32_t b = esnn_gather(chain, spikes + chain->plane[1], bytes, count);
        const uint32_t c = esnn_gather(chain, spikes + chain->plane[2], bytes, count);
        const uint32_t d = esnn_gather(chain, spikes + chain->plane[3], bytes, count);
        const uint32_t cd = c & d, bcd = b & cd, abcd = a & bcd;
        map = esnn_put(map, abcd, all, chain->map_bytes);
        map = esnn_put(map, a ^ abcd, all, chain->map_bytes);
        map = esnn_put(map, bcd ^ abcd, all, chain->map_bytes);
        map = esnn_put(map, b ^ bcd, all, chain->map_bytes);
        map = esnn_put(map, cd ^ bcd, all, chain->map_bytes);
        map = esnn_put(map, c ^ cd, all, chain->map_bytes);
        (void)esnn_put(map, d ^ cd, all, chain->map_bytes);
        return;
    }
    /* From the last place to the first: the trunk of a place shares with those behind it what both have. */
    const uint32_t last = chain->places - 1u;
    uint32_t trunk = esnn_gather(chain, spikes + chain->plane[last], bytes, count);
    for (uint32_t i = last; i != 0; --i) {
        ESNN_WALK(map, chain->map_bytes << 1);
    }
    for (uint32_t i = last; i != 0; --i) {
        const uint32_t here = esnn_gather(chain, spikes + chain->plane[i - 1u], bytes, count);
        const uint32_t shared = here & trunk;
        (void)esnn_put(map, trunk ^ shared, all, 0);
        (void)esnn_put(map - chain->map_bytes, here ^ shared, all, 0);
        ESNN_WALK_BACK(map, chain->map_bytes << 1);
        trunk = shared;
    }
    (void)esnn_put(map, trunk, all, 0);
}

void esnn_chain_map(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t positions, uint8_t *map)
{
    if (chain->position_map == 1u) {
        for (; positions >= 4u; positions -= 4u) {
            ESNN_HIDE(positions);
            esnn_split(chain, spikes, 1, 4, 4, map);
            ESNN_WALK(spikes, chain->position_bytes << 2);
            ESNN_WALK(map, 4);
        }
        for (; positions != 0; --positions) {
            esnn_split(chain, spikes, 1, 1, 1, map++);
            ESNN_WALK(spikes, chain->position_bytes);
        }
    } else if (chain->position_map == 2u) {
        for (; positions >= 2u; positions -= 2u) {
            ESNN_HIDE(positions);
            esnn_split(chain, spikes, 2, 2, 4, map);
            ESNN_WALK(spikes, chain->position_bytes << 1);
            ESNN_WALK(map, 4);
        }
        if (positions != 0) {
            esnn_split(chain, spikes, 2, 1, 2, map);
        }
    } else {
        for (; positions != 0; --positions) {
            const uint8_t *at = spikes;
            uint32_t left = chain->position_map;
            for (; left >= 4u; left -= 4u) {
                esnn_split(chain, at, 4, 1, 4, map);
                at += 4;
                ESNN_WALK(map, 4);
            }
            if (left != 0) {
                esnn_split(chain, at, 2, 1, 2, map);
                map += 2;
            }
            ESNN_WALK(spikes, chain->position_bytes);
        }
    }
}

#endif
