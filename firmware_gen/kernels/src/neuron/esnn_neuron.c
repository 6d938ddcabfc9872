#include "esnn_neuron.h"

_Static_assert((-1 >> 1) == -1, "the leak is an arithmetic shift right");

static int32_t esnn_leak(const esnn_neuron_t *neuron, int32_t membrane)
{
    int32_t residue = 0;
    for (uint32_t i = 0; i < neuron->shifts; ++i) {
        residue += membrane >> neuron->shift[i];
    }
    return residue;
}

/** All steps of one neuron of any kind; returns its spikes as a pattern, step t at bit t, -1 at bit 8 + t. */
static uint32_t esnn_neuron_any(const esnn_neuron_t *neuron, const int32_t *acc, uint32_t stride, uint32_t steps,
                                int32_t theta)
{
    uint32_t pattern = 0;
    int32_t residue = 0;
    for (uint32_t t = 0; t < steps; ++t) {
        int32_t membrane = residue + *acc;
        uint32_t fired = 0;
        if (membrane >= theta) {
            fired = 1u << t;
            if (neuron->reset == ESNN_RESET_SUBTRACT) {
                membrane -= theta;
            }
        } else if (neuron->ternary && membrane <= -theta) {
            fired = 256u << t;
            if (neuron->reset == ESNN_RESET_SUBTRACT) {
                membrane += theta;
            }
        }
        pattern |= fired;
        residue = fired != 0 && neuron->reset == ESNN_RESET_ZERO ? 0 : esnn_leak(neuron, membrane);
        ESNN_WALK(acc, stride);
    }
    return pattern;
}

/** The same for a leak of one shift and reset to zero: most neurons there are. @param ternary  known when this is
 * compiled. */
__attribute__((always_inline)) static inline uint32_t esnn_neuron_common(const int32_t *acc, uint32_t stride,
                                                                         uint32_t steps, int32_t theta,
                                                                         uint32_t shift, uint32_t ternary)
{
    uint32_t pattern = 0;
    int32_t membrane = 0;
    for (uint32_t bit = 1; steps != 0; --steps) {
        membrane += *acc;
        ESNN_WALK(acc, stride);
        if (membrane >= theta) {
            pattern |= bit;
            membrane = 0;
        } else if (ternary && membrane <= -theta) {
            pattern |= bit << 8;
            membrane = 0;
        }
        membrane >>= shift;
        bit <<= 1;
    }
    return pattern;
}

/** The same for T = 4 and a leak of 1/2, unrolled. */
static inline uint32_t esnn_neuron_four(const int32_t *acc, uint32_t stride, uint32_t ternary, int32_t theta)
{
    return ternary ? esnn_neuron_common(acc, stride, 4, theta, 1, 1)
                   : esnn_neuron_common(acc, stride, 4, theta, 1, 0);
}

/** Spikes of up to eight channels: pattern bits t and t + 4 of channel i at bit 4 i of word t >> 2. */
typedef struct {
    uint32_t plus[2];
    uint32_t minus[2];
} esnn_patterns_t;

/** The byte of step t: bit i is channel i. Takes every fourth bit and closes the gaps. */
static uint8_t esnn_step_byte(const uint32_t *words, uint32_t t)
{
    uint32_t bits = (words[t >> 2] >> (t & 3u)) & 0x11111111u;
    bits = (bits | bits >> 3) & 0x03030303u;
    bits = (bits | bits >> 6) & 0x000f000fu;
    return (uint8_t)(bits | bits >> 12);
}

static uint32_t esnn_ones(uint32_t byte)
{
    byte = byte - ((byte >> 1) & 0x55u);
    byte = (byte & 0x33u) + ((byte >> 2) & 0x33u);
    return (byte + (byte >> 4)) & 0x0fu;
}

/** Counts and emits the spikes of a group of channels that share a byte. */
static void esnn_flush(const esnn_finish_t *finish, const esnn_place_t *place, esnn_patterns_t *patterns,
                       uint32_t byte, uint8_t *arena, uint32_t *counter)
{
    uint8_t plus[ESNN_MAX_TIMESTEPS];
    uint8_t minus[ESNN_MAX_TIMESTEPS];
    const uint32_t steps = finish->timesteps < ESNN_MAX_TIMESTEPS ? finish->timesteps : ESNN_MAX_TIMESTEPS;
    const uint8_t ternary = finish->neuron->ternary;
    for (uint32_t t = 0; t < steps; ++t) {
        plus[t] = esnn_step_byte(patterns->plus, t);
        counter[t] += esnn_ones(plus[t]);
        if (ternary) {
            minus[t] = esnn_step_byte(patterns->minus, t);
            counter[steps + t] += esnn_ones(minus[t]);
        }
    }
    esnn_emit_spikes(finish, place, plus, ternary ? minus : NULL, byte, arena);
    *patterns = (esnn_patterns_t){{0, 0}, {0, 0}};
}

void esnn_neuron(const esnn_finish_t *finish, const esnn_place_t *place, const int32_t *acc, uint32_t stride,
                 uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const uint32_t steps = finish->timesteps;
    const uint32_t step = finish->steps > 1 ? stride : 0; /* a static current drives every step */
    const int32_t *threshold = neuron->threshold + first;
    const uint8_t common = neuron->reset == ESNN_RESET_ZERO && neuron->shifts == 1;
    const uint8_t four = common && steps == 4 && neuron->shift[0] == 1;
    uint32_t *counter = counts + neuron->counter;
    esnn_patterns_t patterns = {{0, 0}, {0, 0}};
    uint32_t any = 0;
    for (uint32_t channel = first; channel != first + channels; ++channel) {
        const int32_t theta = *threshold++;
        uint32_t pattern;
        if (four) {
            pattern = esnn_neuron_four(acc, step, neuron->ternary, theta);
        } else if (!common) {
            pattern = esnn_neuron_any(neuron, acc, step, steps, theta);
        } else if (neuron->ternary) {
            pattern = esnn_neuron_common(acc, step, steps, theta, neuron->shift[0], 1);
        } else {
            pattern = esnn_neuron_common(acc, step, steps, theta, neuron->shift[0], 0);
        }
        ++acc;
        if (pattern != 0) {
            const uint32_t place_of = (channel & 7u) << 2;
            any |= pattern;
            patterns.plus[0] |= (pattern & 15u) << place_of;
            patterns.plus[1] |= ((pattern >> 4) & 15u) << place_of;
            patterns.minus[0] |= ((pattern >> 8) & 15u) << place_of;
            patterns.minus[1] |= (pattern >> 12) << place_of;
        }
        if (any != 0 && ((channel & 7u) == 7u || channel + 1 == first + channels)) {
            esnn_flush(finish, place, &patterns, channel >> 3, arena, counter);
            any = 0;
        }
    }
}
