#include <string.h>

#include "esnn_vector.h"

void esnn_vector_begin(const esnn_finish_t *finish, uint8_t *arena)
{
    if (finish->neuron != NULL && finish->neuron->window != NULL) {
        memset(arena + finish->neuron->offset, 0, finish->neuron->bytes);
    }
    if (finish->pooled == NULL) {
        return;
    }
    int16_t *value = (int16_t *)(void *)(arena + finish->pooled->offset);
#if ESNN_VECTOR_MVE
    for (uint32_t left = finish->pooled->bytes >> 6; left != 0; --left) { /* four steps of whole blocks */
        __asm__ volatile("vmov.i16 q0, #0x8000\n"
                         "vstrh.16 q0, [%[value]], #16\n"
                         "vstrh.16 q0, [%[value]], #16\n"
                         "vstrh.16 q0, [%[value]], #16\n"
                         "vstrh.16 q0, [%[value]], #16\n"
                         : [value] "+r"(value)
                         :
                         : "q0", "memory");
    }
#else
    for (uint32_t left = finish->pooled->bytes >> 1; left != 0; --left) {
        *value++ = INT16_MIN;
    }
#endif
}
