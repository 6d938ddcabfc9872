/**
 * @file esnn_model.h
 * @brief What a generated model offers to the firmware around it.
 *
 * `edge-snn codegen` writes `model_config.h` (sizes, as macros) and `model.c` (arrays, the call
 * sequence). This header is the fixed part of that contract.
 *
 * Macros of model_config.h, all non-negative integer constants:
 *   ESNN_MODEL_TIMESTEPS       T
 *   ESNN_MODEL_CLASSES         number of logits
 *   ESNN_MODEL_INPUT_BYTES     H*W*C bytes of one uint8 image
 *   ESNN_MODEL_INPUT_OFFSET    where the image lies in the arena (bytes)
 *   ESNN_MODEL_ARENA_BYTES     size of the arena, a multiple of 8
 *   ESNN_MODEL_STEPS           number of timed steps of the call sequence
 *   ESNN_MODEL_NEURON_LAYERS   number of layers whose spikes are counted
 *   ESNN_MODEL_COUNTERS        number of spike counters (see esnn_result_t.counts)
 *   ESNN_MODEL_TENSORS         number of tensors that the steps leave in the arena
 */
#ifndef ESNN_MODEL_H
#define ESNN_MODEL_H

#include <stdint.h>

#include "esnn_status.h"
#include "model_config.h"

/** What one inference returns. Owned by the caller; written whole by esnn_model_infer(). */
typedef struct {
    /** Integer logits, or a network of codes' outputs less 128; the class is the first index of the largest one. */
    int32_t logits[ESNN_MODEL_CLASSES];
    /**
     * Spikes per neuron layer and time step, in the order of the model's neuron layers (the order of the
     * manifest): a binary layer has T counters, a ternary one T counters of +1 followed by T of -1, a layer of codes
     * one: how many of them are not its zero point.
     */
    uint32_t counts[ESNN_MODEL_COUNTERS];
    /** Clock ticks spent in each step, by esnn_clock_ticks(). */
    uint32_t step_ticks[ESNN_MODEL_STEPS];
    /** Clock ticks of the whole inference. */
    uint64_t ticks;
} esnn_result_t;

/**
 * A tensor that a step leaves in the arena: rows of bytes, [position][time step], of ternary spikes two a step
 * (+1, -1). Read row by row without what fills a row up, these are its bytes in canonical order (docs/trace.md).
 */
typedef struct {
    uint32_t offset;    /**< of row 0 in the arena */
    uint32_t rows;      /**< number of rows */
    uint16_t stride;    /**< bytes from one row to the next */
    uint16_t bytes;     /**< of a row that hold channels */
    uint16_t step;      /**< which leaves it */
    uint16_t last_bits; /**< bits of a row's last byte that hold channels, as a mask */
} esnn_tensor_t;

/** The tensors in the order in which they are made. */
extern const esnn_tensor_t esnn_model_tensors[ESNN_MODEL_TENSORS];

/** SHA-256 of the content of the .esnn file the code was generated from. */
extern const uint8_t esnn_model_sha256[32];

/** Printable name of the model, at most 31 characters, NUL-terminated. */
extern const char esnn_model_name[32];

/**
 * Runs the model once, all T time steps.
 *
 * @param arena   ESNN_MODEL_ARENA_BYTES bytes, aligned to 8. The image (uint8, H*W*C, row major, 0..255)
 *                lies at arena + ESNN_MODEL_INPUT_OFFSET; everything in the arena, the image included, may
 *                be overwritten.
 * @param result  filled on ESNN_OK.
 * @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null or misaligned pointer.
 */
esnn_status_t esnn_model_infer(uint8_t *arena, esnn_result_t *result);

/**
 * Runs one step; all of them in order, on counts that were set to 0, are an inference: what a trace does, which
 * looks at the arena after each.
 *
 * @param step    0 .. ESNN_MODEL_STEPS - 1.
 * @param arena   as for esnn_model_infer().
 * @param result  counts are added to; step_ticks[step] and, by the last step, logits are filled.
 * @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null or misaligned pointer or a step that is none.
 */
esnn_status_t esnn_model_step(uint32_t step, uint8_t *arena, esnn_result_t *result);

/**
 * Clock of the board, called by the generated code before the first and after every step. Ticks count
 * up and wrap at 64 bits. The unit is the board's (`clock_hz` of its board file). Must not multiply.
 */
uint64_t esnn_clock_ticks(void);

#endif
