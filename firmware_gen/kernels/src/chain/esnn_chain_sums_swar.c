#include "esnn_chain.h"

#if ESNN_CHAIN_SWAR && !ESNN_CHAIN_V7M && !ESNN_CHAIN_V6M

/**
 * Two sums a word, as one number modulo 2^32. For a word of biased weights u0 u1 u2 u3 (bytes from the lowest up):
 * even += u0 + u2 2^16, and odd += the word >> 8, which is u1 + u2 2^8 + u3 2^16: the middle term is known from the
 * even sums in the end, and is taken off then, once.
 */
typedef struct {
    uint32_t even[4];
    uint32_t odd[4];
} esnn_pairs_t;

static void esnn_add_part(esnn_pairs_t *acc, const uint32_t *weights, const int16_t *list)
{
    uint32_t e0 = acc->even[0], e1 = acc->even[1], e2 = acc->even[2], e3 = acc->even[3];
    uint32_t o0 = acc->odd[0], o1 = acc->odd[1], o2 = acc->odd[2], o3 = acc->odd[3];
    int32_t row;
    while ((row = *list++) < 0) {
        const uint32_t *w = weights - ((uint32_t)-row << 2);
        const uint32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
        o0 += w0 >> 8;
        e0 += w0 & 0x00ff00ffu;
        o1 += w1 >> 8;
        e1 += w1 & 0x00ff00ffu;
        o2 += w2 >> 8;
        e2 += w2 & 0x00ff00ffu;
        o3 += w3 >> 8;
        e3 += w3 & 0x00ff00ffu;
    }
    *acc = (esnn_pairs_t){{e0, e1, e2, e3}, {o0, o1, o2, o3}};
}

/** Takes the bias of `rows` rows off, and splits numbers into lanes. */
static void esnn_unload(const esnn_pairs_t *acc, const int16_t *bias, uint32_t rows, int16_t *sums)
{
    const uint32_t each = rows << 7;
    const uint32_t both = each + (each << 16);
    uint32_t *out = (uint32_t *)(void *)sums;
    for (uint32_t i = 0; i < 4; ++i) {
        /* Adding 2^15 makes the upper lane exact and leaves it in the lower one, where it is flipped back. */
        const uint32_t even = acc->even[i] + 0x8000u - both;
        const uint32_t middle = (uint32_t)((int32_t)even >> 16) - (uint32_t)(int32_t)bias[1] + each;
        const uint32_t odd = acc->odd[i] + 0x8000u - both - (middle << 8);
        *out++ = even ^ 0x8000u;
        *out++ = odd ^ 0x8000u;
        bias += 4;
    }
}

void esnn_chain_sums_swar(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                          const esnn_runs_t *runs, const uint32_t *totals)
{
    esnn_pairs_t trunk;
    const int16_t *from = bias;
    for (uint32_t i = 0; i < 4; ++i) {
        trunk.even[i] = (uint32_t)(int32_t)from[0] + ((uint32_t)(int32_t)from[1] << 16);
        trunk.odd[i] = (uint32_t)(int32_t)from[2] + ((uint32_t)(int32_t)from[3] << 16);
        from += 4;
    }
    const int16_t *const *part = runs->part;
    const uint32_t last = chain->places - 1u;
    for (uint32_t i = 0; i < last; ++i) {
        esnn_add_part(&trunk, weights, *part++);
        esnn_pairs_t branch = trunk;
        esnn_add_part(&branch, weights, *part++);
        esnn_unload(&branch, bias, totals[i], runs->out[i]);
    }
    esnn_add_part(&trunk, weights, *part);
    esnn_unload(&trunk, bias, totals[last], runs->out[last]);
}

#endif
