#include "esnn_readout.h"

#include "esnn_rows.h"

/** Channels that are counted together, and bits of a count. */
#define ESNN_TOGETHER 16u
#define ESNN_COUNT_BITS 16u

/**
 * Counts the spikes of 16 channels over up to 2^16 - 1 rows of spikes, all at once: bit k of the counts is a plane.
 *
 * @return the number of planes in use.
 */
static uint32_t esnn_count(const uint8_t *spikes, uint32_t stride, uint32_t rows, uint16_t *planes)
{
    uint32_t used = 0;
    for (; rows != 0; --rows) {
        uint32_t carry = *(const uint16_t *)(const void *)spikes;
        uint16_t *plane = planes;
        while (carry != 0) {
            if (plane == planes + used) {
                *plane = 0;
                ++used;
            }
            const uint32_t sum = *plane;
            *plane++ = (uint16_t)(sum ^ carry);
            carry &= sum;
        }
        ESNN_WALK(spikes, stride);
    }
    return used;
}

/** acc += count of each channel times its row, for all channels of one sign. */
static void esnn_weigh(const esnn_readout_t *layer, const uint8_t *spikes, uint32_t rows, uint32_t minus,
                       uint8_t *arena)
{
    uint16_t *list = (uint16_t *)(void *)(arena + layer->scratch_rows);
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch_acc);
    int32_t *sums = acc + layer->padded;
    uint32_t first = 0;
    for (uint32_t byte = 0; byte < layer->row_bytes; byte += 2u) {
        uint16_t planes[ESNN_COUNT_BITS];
        const uint32_t used = esnn_count(spikes + byte, layer->step_stride, rows, planes);
        for (uint32_t bit = 0; bit < used; ++bit) {
            const uint8_t *plane = (const uint8_t *)&planes[bit];
            const uint32_t count = esnn_list_active(plane, 2, first, layer->bit_rows, list);
            for (uint32_t c = 0; c < layer->padded; ++c) {
                sums[c] = 0;
            }
            esnn_add_rows(sums, layer->weights, list, count, layer->padded);
            for (uint32_t c = 0; c < layer->padded; ++c) {
                const uint32_t weighed = (uint32_t)sums[c] << bit;
                acc[c] = (int32_t)(minus ? (uint32_t)acc[c] - weighed : (uint32_t)acc[c] + weighed);
            }
        }
        ESNN_WALK(first, (uint32_t)layer->bit_rows[8] << 1);
    }
}

esnn_status_t esnn_readout(const esnn_readout_t *layer, uint8_t *arena, int32_t *logits)
{
    if (layer == NULL || arena == NULL || logits == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *spikes = arena + layer->input;
    int32_t *acc = (int32_t *)(void *)(arena + layer->scratch_acc);
    for (uint32_t c = 0; c < layer->padded; ++c) {
        acc[c] = layer->bias[c];
    }
    esnn_weigh(layer, spikes, layer->rows, 0, arena);
    if (layer->ternary) {
        esnn_weigh(layer, spikes + layer->row_bytes, layer->rows, 1, arena);
    }
    for (uint32_t c = 0; c < layer->classes; ++c) {
        logits[c] = acc[c];
    }
    return ESNN_OK;
}
