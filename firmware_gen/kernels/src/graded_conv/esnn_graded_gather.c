#include "esnn_graded_conv.h"

void esnn_graded_gather(const esnn_graded_conv_t *conv, const uint8_t *at, int32_t y, int32_t x, uint8_t *window)
{
    const int32_t bottom = y + (int32_t)conv->kernel_height, right = x + (int32_t)conv->kernel_width;
    const uint32_t within = x >= 0 && right <= (int32_t)conv->width;
    for (; y != bottom; ++y) {
        const uint8_t *codes = at;
        const uint32_t line = y >= 0 && y < (int32_t)conv->height;
        if (line && within) {
            for (uint32_t i = conv->run; i != 0; --i) {
                *window++ = *codes++;
            }
        } else {
            for (int32_t column = x; column != right; ++column) {
                const uint32_t inside = line && column >= 0 && column < (int32_t)conv->width;
                for (uint32_t i = conv->cell; i != 0; --i) {
                    *window++ = inside ? *codes : conv->pad;
                    ++codes;
                }
            }
        }
        ESNN_WALK(at, conv->line_bytes);
    }
}
