/**
 * @file esnn_lookup.h
 * @brief A function of one code, as a table.
 */
#ifndef ESNN_LOOKUP_H
#define ESNN_LOOKUP_H

#include <stdint.h>

#include "esnn_status.h"

/** output[i] = table[input[i]]; both may be the same place. */
typedef struct {
    const uint8_t *table;   /**< of 256 codes */
    uint32_t input, output; /**< arena offsets */
    uint32_t count;
} esnn_lookup_t;

/** @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_lookup(const esnn_lookup_t *layer, uint8_t *arena, uint32_t *counts);

#endif
