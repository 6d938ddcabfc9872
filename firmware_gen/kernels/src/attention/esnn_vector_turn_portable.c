#include <string.h>

#include "esnn_vector_attention.h"

void esnn_vector_turn_portable(int16_t *contexts, uint32_t count, int16_t *scratch)
{
    for (; count != 0; --count) {
        const int16_t *from = contexts;
        for (uint32_t v = 0; v < ESNN_HEAD; ++v) {
            int16_t *to = scratch + ((v & 3u) << 2) + (v >> 2);
            for (uint32_t k = 0; k < ESNN_HEAD; ++k) {
                *to = *from++;
                to += ESNN_HEAD;
            }
        }
        memcpy(contexts, scratch, ESNN_CONTEXT << 1);
        contexts += ESNN_CONTEXT;
    }
}
