/**
 * @file esnn_graded_steps.h
 * @brief Any code that never falls as a sum grows: the sums at which it changes.
 */
#ifndef ESNN_GRADED_STEPS_H
#define ESNN_GRADED_STEPS_H

#include <stdint.h>

/** How many of 255 numbers that never fall are at most `sum`. */
static inline int32_t esnn_steps_up_to(const int32_t *steps, int32_t sum)
{
    uint32_t found = 0;
    for (uint32_t step = 128; step != 0; step >>= 1) {
        if (steps[found + step - 1u] <= sum) {
            found += step;
        }
    }
    return (int32_t)found;
}

#endif
