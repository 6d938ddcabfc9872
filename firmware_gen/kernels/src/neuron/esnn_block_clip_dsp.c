#include "esnn_block.h"

#if ESNN_CHAIN_DSP

void esnn_block_clip_dsp(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries)
{
    const uint32_t *from = (const uint32_t *)(const void *)sums;
    const uint32_t *most = (const uint32_t *)(const void *)clip;
    uint32_t *to = (uint32_t *)(void *)key;
    for (uint32_t i = entries >> 1; i != 0; --i) {
        uint32_t value = *from++;
        uint32_t scratch;
        /* GE of a lane: value >= 0, then clip - value >= 0. */
        __asm__("ssub16 %1, %0, %3\n"
                "sel %0, %0, %3\n"
                "ssub16 %1, %2, %0\n"
                "sel %0, %0, %2"
                : "+r"(value), "=&r"(scratch)
                : "r"(*most++), "r"(0u)
                : "cc");
        *to++ = value;
    }
}

#endif
