#include "esnn_block.h"

void esnn_block_clip_portable(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries)
{
    for (uint32_t i = entries; i != 0; --i) {
        int32_t value = *sums++;
        const int32_t most = *clip++;
        value = value < 0 ? 0 : value;
        *key++ = (int16_t)(value > most ? most : value);
    }
}
