#include "esnn_depthwise.h"

void esnn_depthwise_sums_3x3(const esnn_depthwise_t *layer, const uint8_t *weights, int32_t start,
                             const uint8_t *plane, uint32_t lines, int32_t *sums)
{
    const uint16_t *const codes = esnn_triangles + 128;
    const uint16_t *top[3], *middle[3], *bottom[3];
    for (uint32_t i = 0; i < 3u; ++i) {
        top[i] = esnn_triangles + weights[i];
        middle[i] = esnn_triangles + weights[3u + i];
        bottom[i] = esnn_triangles + weights[6u + i];
    }
    const uint32_t width = layer->out_width, plane_width = layer->plane_width;
    for (uint32_t x = width; x != 0; --x) {
        /* Down a column: the sum that ends with this line, and those that end with the next two. */
        const uint8_t *at = plane++;
        int32_t *to = sums++;
        int32_t first = start, second = start;
        uint32_t before = 2;
        for (uint32_t line = lines + 2u; line != 0; --line) {
            const uint32_t a = at[0], b = at[1], c = at[2];
            const int32_t squares = codes[a] + codes[b] + codes[c];
            first += bottom[0][a] + bottom[1][b] + bottom[2][c] - squares;
            const int32_t next = second + middle[0][a] + middle[1][b] + middle[2][c] - squares;
            second = start + top[0][a] + top[1][b] + top[2][c] - squares;
            if (before == 0) {
                *to = first;
                to += width;
                ESNN_HIDE(to);
            } else {
                --before;
            }
            first = next;
            ESNN_WALK(at, plane_width);
        }
    }
}
