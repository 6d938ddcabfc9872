#include "esnn_vector_pixels.h"

void esnn_vector_pixel_list(const esnn_vector_pixels_t *layer, const uint8_t *pixels, uint32_t *list,
                            const uint32_t **marks)
{
    const uint32_t shift = layer->row_shift, step = 0x00100010u << shift; /* 16 rows a pixel, in both halves */
    uint32_t row = 0;
    const uint8_t *end = pixels;
    *marks = list;
    for (int32_t x = layer->width; x != 0; --x) {
        ESNN_WALK(end, layer->position_pixels);
        do {
            const uint32_t value = *pixels++;
            if (value != 0) {
                *list++ = row + (((value << 12 & 0xf0000u) + (value & 15u)) << shift);
            }
            ESNN_WALK(row, step);
        } while (pixels != end);
        ESNN_WALK(marks, layer->kernel_height);
        *marks = list;
    }
}
