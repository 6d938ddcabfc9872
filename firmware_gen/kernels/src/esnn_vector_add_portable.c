#include "esnn_vector.h"

void esnn_vector_add_portable(const int16_t *a, const int16_t *b, int16_t *to, uint32_t blocks)
{
    for (uint32_t i = blocks << 4; i != 0; --i) {
        *to++ = (int16_t)(uint16_t)((uint32_t)*a++ + (uint32_t)*b++);
    }
}
