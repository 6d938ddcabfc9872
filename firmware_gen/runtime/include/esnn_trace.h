/**
 * @file esnn_trace.h
 * @brief Looks at the tensors that steps leave in the arena. Canonical order: docs/trace.md.
 */
#ifndef ESNN_TRACE_H
#define ESNN_TRACE_H

#include "esnn_model.h"

/** CRC-32 of a tensor's bytes in canonical order. */
uint32_t esnn_tensor_crc(const esnn_tensor_t *tensor, const uint8_t *arena);

/**
 * Copies bytes of a tensor, in canonical order.
 * @param offset  of the first byte wanted.
 * @param to      receives at most `room` bytes.
 * @return how many; 0 when the tensor ends at or before `offset`.
 */
uint32_t esnn_tensor_read(const esnn_tensor_t *tensor, const uint8_t *arena, uint32_t offset, uint8_t *to,
                          uint32_t room);

#endif
