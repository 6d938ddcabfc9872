#include "esnn_depthwise.h"

void esnn_depthwise_sums_3x3(const esnn_depthwise_t *layer, const uint8_t *weights, int32_t start,
                             const uint8_t *plane, uint32_t lines, int32_t *sums)
{
    const uint16_t *codes = esnn_triangles + 128;
    const uint16_t *t0 = esnn_triangles + weights[0], *t1 = esnn_triangles + weights[1];
    const uint16_t *t2 = esnn_triangles + weights[2], *t3 = esnn_triangles + weights[3];
    const uint16_t *t4 = esnn_triangles + weights[4], *t5 = esnn_triangles + weights[5];
    const uint16_t *t6 = esnn_triangles + weights[6], *t7 = esnn_triangles + weights[7];
    const uint16_t *t8 = esnn_triangles + weights[8];
    /* Or compilers add the weights to the codes, each time. */
    ESNN_HIDE(codes);
    ESNN_HIDE(t0);
    ESNN_HIDE(t1);
    ESNN_HIDE(t2);
    ESNN_HIDE(t3);
    ESNN_HIDE(t4);
    ESNN_HIDE(t5);
    ESNN_HIDE(t6);
    ESNN_HIDE(t7);
    ESNN_HIDE(t8);
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
            first += t6[a] + t7[b] + t8[c] - squares;
            const int32_t next = second + t3[a] + t4[b] + t5[c] - squares;
            second = start + t0[a] + t1[b] + t2[c] - squares;
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
