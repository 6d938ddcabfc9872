#include "esnn_vector_pixels.h"

void esnn_vector_pixel_list(const esnn_vector_pixels_t *layer, const uint8_t *pixels, uint32_t *list,
                            const uint32_t **marks)
{
    uint32_t row = 0; /* of the table, in both halves */
    const uint8_t *end = pixels;
    *marks++ = list;
    for (int32_t x = layer->width; x != 0; --x) {
        end += layer->position_pixels;
        do {
            const uint32_t value = *pixels++;
            if (value != 0) {
                *list++ = row + ((value & 0xf0u) << 17) + ((value & 15u) << 5);
            }
            row += 0x02000200u; /* 16 rows of 32 bytes */
        } while (pixels != end);
        *marks++ = list;
    }
}
