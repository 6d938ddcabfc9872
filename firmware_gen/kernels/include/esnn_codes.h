/**
 * @file esnn_codes.h
 * @brief The end of a network of 8-bit codes.
 */
#ifndef ESNN_CODES_H
#define ESNN_CODES_H

#include <stdint.h>

#include "esnn_status.h"

/** All codes of a tensor are the outputs of the network. */
typedef struct {
    uint32_t input; /**< arena offset of the codes */
    uint32_t count; /**< of them */
} esnn_codes_t;

/** logits[i] = code - 128. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_codes(const esnn_codes_t *layer, const uint8_t *arena, int32_t *logits);

#endif
