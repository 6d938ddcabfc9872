#include "esnn_readout.h"
#include "esnn_vector.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/** Spikes that are counted in a byte. */
#define ESNN_COUNTED 255u

/*
 * No vector is an argument or a result: a compiler that does not optimise hands it on by moves of floating-point
 * registers.
 */

/** Counts the spikes of 16 channels over some rows of spikes. */
static void esnn_count(const uint8_t *spikes, uint32_t stride, uint32_t rows, uint8_t *to)
{
    uint8x16_t counts = vdupq_n_u8(0);
    for (; rows != 0; --rows) {
        counts = vaddq_m_n_u8(counts, counts, 1, *(const uint16_t *)(const void *)spikes);
        ESNN_WALK(spikes, stride);
    }
    vst1q_u8(to, counts);
}

/** The channels, of 16, whose count has a bit. */
static inline uint32_t esnn_counted(const uint8_t *counts, uint32_t bit)
{
    return vcmpneq_n_u8(vandq_u8(vld1q_u8(counts), vdupq_n_u8((uint8_t)bit)), 0);
}

/**
 * acc[8] += count of each channel times its row, by the bits of the counts, most significant first.
 *
 * @param offset  bytes to the row of channel 31 - k of a group of 16, at k.
 */
static void esnn_weigh(const uint8_t *counts, uint32_t channels, const int8_t *weights, const uint32_t *offset,
                       uint32_t group_bytes, int32_t *acc)
{
    int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);
    for (uint32_t bit = 128; bit != 0; bit >>= 1) {
        const int8_t *group = weights;
        low = vshlq_n_s32(low, 1);
        high = vshlq_n_s32(high, 1);
        for (uint32_t c = 0; c != channels; c += 16u) {
            for (uint32_t set = esnn_counted(counts + c, bit); set != 0;) {
                const uint32_t k = (uint32_t)__builtin_clz(set);
                const int8_t *row = group + offset[k];
                set ^= 0x80000000u >> k;
                low = vaddq_s32(low, vldrbq_s32(row));
                high = vaddq_s32(high, vldrbq_s32(row + 4));
            }
            ESNN_WALK(group, group_bytes);
        }
    }
    vst1q_s32(acc, vaddq_s32(vld1q_s32(acc), low));
    vst1q_s32(acc + 4, vaddq_s32(vld1q_s32(acc + 4), high));
}

esnn_status_t esnn_vector_readout(const esnn_readout_t *layer, uint8_t *arena, int32_t *logits)
{
    if (layer == NULL || arena == NULL || logits == NULL || layer->ternary) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *spikes = arena + layer->input;
    uint8_t *counts = arena + layer->scratch_rows;
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch_acc);
    const uint32_t channels = layer->row_bytes << 3;
    for (uint32_t c = 0; c < layer->padded; ++c) {
        acc[c] = layer->bias[c];
    }
    uint32_t offset[32];
    uint32_t group_bytes = 0;
    for (uint32_t k = 32; k != 16u;) {
        offset[--k] = group_bytes;
        ESNN_WALK(group_bytes, layer->padded);
    }
    for (uint32_t left = layer->rows; left != 0;) {
        const uint32_t rows = left < ESNN_COUNTED ? left : ESNN_COUNTED;
        for (uint32_t byte = 0; byte < layer->row_bytes; byte += 2u) {
            esnn_count(spikes + byte, layer->step_stride, rows, counts + (byte << 3));
        }
        for (uint32_t c = 0; c < layer->padded; c += 8u) {
            esnn_weigh(counts, channels, layer->weights + c, offset, group_bytes, acc + c);
        }
        for (uint32_t i = rows; i != 0; --i) {
            ESNN_WALK(spikes, layer->step_stride);
        }
        left -= rows;
    }
    for (uint32_t c = 0; c < layer->classes; ++c) {
        logits[c] = acc[c];
    }
    return ESNN_OK;
}

#else

esnn_status_t esnn_vector_readout(const esnn_readout_t *layer, uint8_t *arena, int32_t *logits)
{
    return esnn_readout(layer, arena, logits);
}

#endif
