#include "esnn_graded_conv.h"

void esnn_graded_mark(esnn_place_ref_t *to, const esnn_place_ref_t *from, uint32_t lists)
{
    for (; lists >= 4u; lists -= 4u) {
        const esnn_place_ref_t a = from[0], b = from[1], c = from[2], d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
        from += 4;
        to += 4;
    }
    for (; lists != 0; --lists) {
        *to++ = *from++;
    }
}
