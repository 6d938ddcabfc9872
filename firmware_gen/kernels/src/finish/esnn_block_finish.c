#include "esnn_block.h"

#define ESNN_ADD(to, from)                                                                                           \
    "eor " to ", " to ", #0x8000\n"                                                                                  \
    "eor " from ", " from ", #0x8000\n"                                                                              \
    "add " to ", " to ", " from "\n"                                                                                 \
    "sub " to ", " to ", #0x8000\n"                                                                                  \
    "eor " to ", " to ", #0x8000\n"

/** to[8] += from[8], lane by lane, modulo 2^16. */
static inline void esnn_add_lanes(uint32_t *to, const uint32_t *from)
{
#if ESNN_CHAIN_DSP
    for (uint32_t half = 0; half < 2u; ++half) {
        __asm__ volatile("ldm %[from]!, {r4-r6, r8}\n"
                         "ldm %[to], {r9-r12}\n"
                         "sadd16 r9, r9, r4\n"
                         "sadd16 r10, r10, r5\n"
                         "sadd16 r11, r11, r6\n"
                         "sadd16 r12, r12, r8\n"
                         "stm %[to]!, {r9-r12}"
                         : [to] "+r"(to), [from] "+r"(from)
                         :
                         : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
    }
#elif ESNN_CHAIN_V7M
    /* Lanes with the top bit of the lower one flipped are one number plus 2^15. */
    for (uint32_t half = 0; half < 2u; ++half) {
        __asm__ volatile("ldm %[from]!, {r4-r6, r8}\n"
                         "ldm %[to], {r9-r12}\n" ESNN_ADD("r9", "r4") ESNN_ADD("r10", "r5") ESNN_ADD("r11", "r6")
                             ESNN_ADD("r12", "r8") "stm %[to]!, {r9-r12}"
                         : [to] "+r"(to), [from] "+r"(from)
                         :
                         : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
    }
#else
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        const uint32_t a = to[i], b = from[i];
        to[i] = ((a & 0x7fff7fffu) + (b & 0x7fff7fffu)) ^ ((a ^ b) & 0x80008000u);
    }
#endif
}

static inline void esnn_copy_lanes(uint32_t *to, const uint32_t *from)
{
#if ESNN_THUMB2
    __asm__ volatile("ldm %[from], {r4-r6, r8-r12}\n"
                     "stm %[to], {r4-r6, r8-r12}"
                     :
                     : [to] "r"(to), [from] "r"(from)
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "memory");
#else
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        to[i] = from[i];
    }
#endif
}

/** Takes off what stands in lanes past the last channel; returns whether any spike is left. */
static inline uint32_t esnn_mask_lanes(uint32_t *planes, uint32_t words, uint32_t channels)
{
    const uint32_t lane = (1u << channels) - 1u;
    uint32_t any = 0;
    for (uint32_t i = 0; i < words; ++i) {
        planes[i] &= lane | lane << 16;
        any |= planes[i];
    }
    return any;
}

static void esnn_fire_two(const esnn_finish_t *finish, const esnn_place_t *place, const int16_t *sums, uint32_t first,
                          uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const int16_t *threshold = neuron->narrow_threshold + first;
    uint32_t planes[2];
    uint32_t any = neuron->lanes ? esnn_block_neuron_two_lanes(sums, threshold, neuron->ternary, planes)
                                 : esnn_block_neuron_two_portable(sums, threshold, neuron->ternary, planes);
    if (channels != ESNN_BLOCK) {
        any = esnn_mask_lanes(planes, neuron->ternary ? 2u : 1u, channels);
    }
    esnn_block_emit_two(finish, place, planes, any, first, arena, counts);
}

void esnn_block_finish(const esnn_finish_t *finish, const esnn_place_t *place, int16_t *sums, uint32_t first,
                       uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    const uint32_t offset = first << 1; /* of the block in a row of int16 */
    if (finish->residual != NULL) {
        const esnn_stream_t *stream = finish->residual;
        const uint8_t *from = arena + place->residual + offset;
        uint32_t *to = (uint32_t *)(void *)sums;
        for (uint32_t t = finish->steps; t != 0; --t) {
            esnn_add_lanes(to, (const uint32_t *)(const void *)from);
            to += ESNN_BLOCK / 2u;
            ESNN_WALK(from, stream->step_stride);
        }
    }
    if (finish->store != NULL) {
        const esnn_stream_t *stream = finish->store;
        uint8_t *to = arena + place->store + offset;
        const uint32_t *from = (const uint32_t *)(const void *)sums;
        for (uint32_t t = stream->steps; t != 0; --t) {
            esnn_copy_lanes((uint32_t *)(void *)to, from);
            from += ESNN_BLOCK / 2u;
            ESNN_WALK(to, stream->step_stride);
        }
    }
    if (finish->pooled != NULL) {
        esnn_block_pool(finish, place, sums, first, arena);
    }
    if (finish->neuron != NULL) {
        const esnn_neuron_t *neuron = finish->neuron;
        if (finish->timesteps == 2u) {
            esnn_fire_two(finish, place, sums, first, channels, arena, counts);
            return;
        }
        uint32_t planes[4];
        const int16_t *threshold = neuron->narrow_threshold + first;
        uint32_t any = neuron->lanes ? esnn_block_neuron_lanes(sums, threshold, neuron->ternary, planes)
                                     : esnn_block_neuron(sums, threshold, neuron->ternary, planes);
        if (channels != ESNN_BLOCK) {
            any = esnn_mask_lanes(planes, neuron->ternary ? 4u : 2u, channels);
        }
        esnn_block_emit(finish, place, planes, any, first, arena, counts);
    }
}
