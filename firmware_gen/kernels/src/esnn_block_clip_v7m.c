#include "esnn_block.h"

#if ESNN_CHAIN_V7M

#define ESNN_TOPS 0x80008000u

void esnn_block_clip_v7m(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries)
{
    const uint32_t *from = (const uint32_t *)(const void *)sums;
    const uint32_t *most = (const uint32_t *)(const void *)clip;
    uint32_t *to = (uint32_t *)(void *)key;
    const uint32_t tops = ESNN_TOPS;
    for (uint32_t left = entries >> 1; left != 0; --left) {
        uint32_t both = *from++;
        const uint32_t limit = *most++;
        const uint32_t negative = both & tops;
        both &= ~((negative << 1) - (negative >> 15)); /* all bits of lanes below 0 */
        /* Bit 15 of a lane of the difference is clear where the lane is above its clip. */
        if ((~((limit | tops) - both) & tops) != 0) {
            const uint32_t low = both & 0xffffu, high = both >> 16;
            const uint32_t low_limit = limit & 0xffffu, high_limit = limit >> 16;
            both = (low < low_limit ? low : low_limit) | (high < high_limit ? high : high_limit) << 16;
        }
        *to++ = both;
    }
}

#endif
