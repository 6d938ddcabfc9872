/**
 * @file esnn_finish.h
 * @brief What happens to the sums of one position: residual, store, pool, neuron.
 *
 * A layer makes the sums of one position for all time steps, then "finishes" them, so sums never go to
 * memory as a whole. Everything lies in one arena; the structs hold byte offsets into it and byte strides,
 * worked out by the generator, so that no address is ever multiplied.
 *
 * Layouts: currents [position][step][channel] int16 or int32; binary spikes [position][step][byte], channel
 * c at bit c & 7 of byte c >> 3; ternary spikes the same with a row of +1 followed by a row of -1 per step.
 */
#ifndef ESNN_FINISH_H
#define ESNN_FINISH_H

#include <stddef.h>
#include <stdint.h>

#include "esnn_build.h"
#include "esnn_status.h"

/** Largest number of time steps. */
#define ESNN_MAX_TIMESTEPS 8u

/** A stored current. */
typedef struct {
    uint32_t offset;          /**< of position 0 in the arena; 4-byte aligned */
    uint32_t bytes;           /**< of the whole tensor */
    uint32_t position_stride; /**< bytes from one position to the next */
    uint32_t step_stride;     /**< bytes from one time step to the next; 0 if it is the same at every step */
    uint8_t steps;            /**< steps that are stored: T, or 1 */
    uint8_t wide;             /**< 0: int16, 1: int32 */
} esnn_stream_t;

/** The pooling windows that contain one row (or column): a run of neighbours. */
typedef struct {
    uint32_t offset; /**< bytes from the pooled tensor to the first of them */
    uint32_t count;
} esnn_span_t;

/** Where pooled values of a position go. */
typedef struct {
    const esnn_span_t *rows;    /**< by y of the position */
    const esnn_span_t *columns; /**< by x */
    uint32_t row_stride;        /**< bytes from one pooled row to the next */
    uint32_t position_stride;   /**< bytes from one pooled position to the next */
} esnn_window_t;

/** A spiking neuron (docs/numerics.md, "neuron") and where its spikes go. */
typedef struct {
    const int32_t *threshold; /**< one a channel, >= 1, filled up to whole blocks of 16 with INT32_MAX */
    const int16_t
        *narrow_threshold; /**< the same in whole blocks of 16, where a block kernel does (esnn_block.h); or NULL */
    uint32_t offset;       /**< of the (pooled) spikes in the arena */
    uint32_t bytes;
    uint32_t position_stride;
    uint32_t step_stride;
    uint32_t minus;              /**< bytes from the row of +1 to the row of -1 */
    const esnn_window_t *window; /**< OR into these windows; NULL: into the position itself */
    uint32_t counter;            /**< index of the layer's first spike counter */
    uint8_t lanes;               /**< the membrane fits 16 bits, and so do U - theta and, ternary, U + theta - 1 */
    uint8_t ternary;
    uint8_t reset;    /**< ESNN_RESET_.. */
    uint8_t shifts;   /**< number of leak shifts, 0 to 4 */
    uint8_t shift[4]; /**< residue = sum of membrane >> shift[i], rounding to minus infinity */
} esnn_neuron_t;

enum { ESNN_RESET_ZERO = 0, ESNN_RESET_SUBTRACT = 1, ESNN_RESET_NONE = 2 };

/** What to do with the sums of each position; a NULL part is left out. In this order. */
typedef struct {
    const esnn_stream_t *residual; /**< is added */
    const esnn_stream_t *store;    /**< receives the result; may be the residual's own place */
    const esnn_stream_t *pooled;   /**< receives the maximum of each window */
    const esnn_window_t *pooled_window;
    const esnn_neuron_t *neuron;
    uint8_t timesteps; /**< T, 1 to 8 */
    uint8_t steps;     /**< steps the sums have: T, or 1 if they are the same at every step */
    uint8_t narrow;    /**< all parts fit 16 bits and esnn_block_finish() may do them */
    uint32_t width;    /**< positions in a row */
} esnn_finish_t;

/** Walks over positions, row by row. */
typedef struct {
    uint32_t x, y;
    uint32_t residual, store, spikes; /**< arena offsets of the position in each tensor */
} esnn_place_t;

/** The pooling windows that a position is in, a column of them after the other. */
typedef struct {
    uint8_t *line;          /**< where the first one is */
    uint32_t rows, columns; /**< number of them */
} esnn_windows_t;

/** @param tensor  of all windows. */
static inline esnn_windows_t esnn_windows(const esnn_window_t *window, const esnn_place_t *place, uint8_t *tensor)
{
    const esnn_span_t *rows = &window->rows[place->y], *columns = &window->columns[place->x];
    return (esnn_windows_t){tensor + rows->offset + columns->offset, rows->count, columns->count};
}

/** Clears what the layer will OR into, and sets pooled currents to their minimum. Once per layer. */
void esnn_finish_begin(const esnn_finish_t *finish, uint8_t *arena);

/** Sets the place to position 0. */
void esnn_place_start(const esnn_finish_t *finish, esnn_place_t *place);

/** Moves the place to the next position. */
void esnn_place_next(const esnn_finish_t *finish, esnn_place_t *place);

/**
 * Finishes some channels of one position.
 *
 * @param acc      sums [steps][stride], int32; overwritten.
 * @param stride   entries from one step to the next.
 * @param first    first channel.
 * @param channels number of channels.
 * @param counts   all spike counters of the model.
 */
void esnn_finish(const esnn_finish_t *finish, const esnn_place_t *place, int32_t *acc, uint32_t stride,
                 uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts);

#endif
