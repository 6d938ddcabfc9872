#include "esnn_bits.h"
#include "esnn_chain.h"

void esnn_chain_line(const esnn_chain_t *chain, const uint8_t *spikes, uint32_t width, uint32_t *masks, int16_t *list,
                     uint32_t begin, uint16_t *starts)
{
    const uint32_t *end = esnn_chain_masks(chain, spikes, width, 0, masks);
    const uint32_t stride = chain->places << 1;
    int16_t *next = list + begin;
    for (uint32_t part = 1; part != stride; ++part) {
        const uint32_t *at = masks;
        uint32_t behind = 0; /* first row of the next position */
        for (uint32_t x = width; x != 0; --x) {
            *starts++ = (uint16_t)(next - list);
            behind += chain->inputs;
            while (at != end && at[0] < behind) {
                const uint32_t mask = at[part];
                if (mask != 0) {
                    next = esnn_append_rows(mask, at[0], next);
                }
                at += stride;
            }
        }
        *starts++ = (uint16_t)(next - list);
    }
}
