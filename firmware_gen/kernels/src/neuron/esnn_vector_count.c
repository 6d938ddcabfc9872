#include "esnn_block.h"
#include "esnn_vector_pixels.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

void esnn_vector_count(const uint32_t *spikes, uint32_t positions, uint32_t *counter)
{
    const uint16_t *at = (const uint16_t *)(const void *)spikes;
    const uint16x8_t odd = vdupq_n_u16(0x5555), pairs = vdupq_n_u16(0x3333), nibble = vdupq_n_u16(15);
    while (positions != 0) {
        const uint32_t some = positions < 8192u ? positions : 8192u; /* two times 8 spikes a lane */
        uint16x8_t sum = vdupq_n_u16(0);                             /* of four steps of two positions */
        for (int32_t left = (int32_t)some; left > 0; left -= 2) {
            uint16x8_t bits = vldrhq_z_u16(at, vctp16q((uint32_t)left << 2));
            bits = vsubq_u16(bits, vandq_u16(vshrq_n_u16(bits, 1), odd));
            bits = vaddq_u16(vandq_u16(bits, pairs), vandq_u16(vshrq_n_u16(bits, 2), pairs));
            sum = vaddq_u16(sum, vandq_u16(vaddq_u16(bits, vshrq_n_u16(bits, 4)), nibble));
            at += 8;
        }
        positions -= some;
        counter[0] += (uint32_t)vgetq_lane_u16(sum, 0) + vgetq_lane_u16(sum, 4);
        counter[1] += (uint32_t)vgetq_lane_u16(sum, 1) + vgetq_lane_u16(sum, 5);
        counter[2] += (uint32_t)vgetq_lane_u16(sum, 2) + vgetq_lane_u16(sum, 6);
        counter[3] += (uint32_t)vgetq_lane_u16(sum, 3) + vgetq_lane_u16(sum, 7);
    }
}

#else

void esnn_vector_count(const uint32_t *spikes, uint32_t positions, uint32_t *counter)
{
    for (; positions != 0; --positions) {
        esnn_block_count(spikes, counter);
        spikes += 2;
    }
}

#endif
