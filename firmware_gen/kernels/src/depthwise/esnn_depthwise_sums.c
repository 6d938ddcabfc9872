#include "esnn_depthwise.h"

void esnn_depthwise_sums(const esnn_depthwise_t *layer, const uint8_t *weights, int32_t start, const uint8_t *plane,
                         uint32_t lines, int32_t *sums)
{
    const uint16_t *const codes = esnn_triangles + 128;
    const uint32_t *const end = layer->taps + layer->tap_count;
    for (; lines != 0; --lines) {
        const uint8_t *window = plane;
        for (uint32_t x = layer->out_width; x != 0; --x) {
            const uint8_t *weight = weights;
            int32_t sum = start;
            for (const uint32_t *tap = layer->taps; tap != end; ++tap) {
                const uint32_t code = window[*tap];
                sum += esnn_triangles[code + *weight++] - codes[code];
            }
            *sums++ = sum;
            ESNN_WALK(window, layer->step_x);
        }
        ESNN_WALK(plane, layer->step_y);
    }
}
