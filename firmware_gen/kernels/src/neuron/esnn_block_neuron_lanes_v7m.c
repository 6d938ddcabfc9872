#include "esnn_v7m_numbers.h"

#if ESNN_CHAIN_V7M

#undef ESNN_FIRST
#undef ESNN_NEXT
#define ESNN_FIRST(at)                                                                                               \
    "ldr %[v], [%[sums], #" at "]\n"                                                                                 \
    "eor %[v], %[v], #0x80008000\n"
#define ESNN_NEXT(at)                                                                                                \
    "ldr %[x], [%[sums], #" at "]\n"                                                                                 \
    "sub %[v], %[v], #0x40004000\n"                                                                                  \
    "eor %[x], %[x], #0x80008000\n"                                                                                  \
    "add %[v], %[v], %[x]\n"

uint32_t esnn_block_neuron_lanes_v7m(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    if (ternary) {
        return esnn_block_neuron_v7m(sums, threshold, ternary, planes);
    }
    ESNN_NEURONS(sums);
}

#endif
