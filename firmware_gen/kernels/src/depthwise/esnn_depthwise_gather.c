#include "esnn_depthwise.h"

void esnn_depthwise_gather(const esnn_depthwise_t *layer, uint32_t channel, uint8_t *arena)
{
    const uint8_t *line = arena + layer->input + channel;
    uint8_t *to_line = arena + layer->plane + layer->first;
    const uint32_t channels = layer->channels;
    for (uint32_t y = layer->height; y != 0; --y) {
        const uint8_t *from = line;
        uint8_t *to = to_line;
        uint32_t x = layer->width;
        for (; x >= 4u; x -= 4u) {
            to[0] = *from;
            ESNN_WALK(from, channels);
            to[1] = *from;
            ESNN_WALK(from, channels);
            to[2] = *from;
            ESNN_WALK(from, channels);
            to[3] = *from;
            ESNN_WALK(from, channels);
            to += 4;
        }
        for (; x != 0; --x) {
            *to++ = *from;
            ESNN_WALK(from, channels);
        }
        ESNN_WALK(line, layer->line_bytes);
        ESNN_WALK(to_line, layer->plane_width);
    }
}
