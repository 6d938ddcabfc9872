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

/** All steps of one neuron; returns its spikes as a pattern, step t at bit t, -1 at bit 8 + t. */
static uint32_t esnn_neuron_pattern(const esnn_neuron_t *neuron, const int32_t *acc, uint32_t stride,
                                    uint32_t steps, int32_t theta)
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
        acc += stride;
    }
    return pattern;
}

void esnn_neuron(const esnn_finish_t *finish, const esnn_place_t *place, const int32_t *acc, uint32_t stride,
                 uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    const esnn_neuron_t *neuron = finish->neuron;
    const uint32_t steps = finish->timesteps < ESNN_MAX_TIMESTEPS ? finish->timesteps : ESNN_MAX_TIMESTEPS;
    const uint32_t step = finish->steps > 1 ? stride : 0; /* a static current drives every step */
    uint32_t *counter = counts + neuron->counter;
    uint8_t plus[ESNN_MAX_TIMESTEPS] = {0};
    uint8_t minus[ESNN_MAX_TIMESTEPS] = {0};
    uint32_t any = 0;
    for (uint32_t c = 0; c < channels; ++c) {
        const uint32_t channel = first + c;
        const uint32_t pattern = esnn_neuron_pattern(neuron, acc + c, step, steps, neuron->threshold[channel]);
        if (pattern != 0) {
            const uint8_t bit = (uint8_t)(1u << (channel & 7u));
            any |= pattern;
            for (uint32_t t = 0; t < steps; ++t) {
                if ((pattern >> t) & 1u) {
                    plus[t] = (uint8_t)(plus[t] | bit);
                    ++counter[t];
                } else if ((pattern >> (8u + t)) & 1u) {
                    minus[t] = (uint8_t)(minus[t] | bit);
                    ++counter[steps + t];
                }
            }
        }
        if ((channel & 7u) == 7u || c + 1 == channels) {
            if (any != 0) {
                esnn_emit_spikes(finish, place, plus, neuron->ternary ? minus : NULL, channel >> 3, arena);
                for (uint32_t t = 0; t < steps; ++t) {
                    plus[t] = 0;
                    minus[t] = 0;
                }
                any = 0;
            }
        }
    }
}
