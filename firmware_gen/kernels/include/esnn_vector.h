/**
 * @file esnn_vector.h
 * @brief Layers of binary spikes with T = 4 and 16-bit sums, for cores with vector registers (Helium).
 *
 * The same sums as the chain kernels (esnn_chain.h: trunk abcd, a, bcd, b, cd, c, d), in another shape:
 * - weights lie [input of the window][output], so that one walk over a list adds rows of up to 48 outputs;
 * - active inputs are listed once for each line of the input, not once for each window: the part of a list that
 *   belongs to a window is a run of it, because lists are in the order of positions;
 * - a line of the output goes through each kernel as a whole.
 *
 * Every kernel has a portable form, which is the readable one, and a form for Helium (Armv8.1-M MVE, integers only).
 * A linear layer is a convolution of 1x1. Source: docs/kernels.md.
 */
#ifndef ESNN_VECTOR_H
#define ESNN_VECTOR_H

#include "esnn_chain.h"
#include "esnn_residual.h"

#if defined(__arm__) && !defined(ESNN_PORTABLE) && !ESNN_VECTOR_MVE && defined(ESNN_MODEL_VECTORS)
#error "this model was generated for a core with vector registers (Helium); this board has none: generate it anew"
#endif

/** Parts of a chain of four places. */
#define ESNN_PARTS 7u

/** Largest height of a window. */
#define ESNN_VECTOR_LINES 4u

/**
 * The windows of one line of the output. A mark is where a list stands in front of a position of the input: marks lie
 * [position][part][slot], and a line of the input keeps its slot while windows need it.
 */
typedef struct {
    uint16_t *const *from;                 /**< in front of the first window; behind it: mark_window further */
    const int8_t *rows[ESNN_VECTOR_LINES]; /**< by slot: row of entry 0; may point outside of the weights */
} esnn_run_t;

/** Weights, geometry and scratch of one layer. Offsets are bytes into the arena; `unit`: 16 bytes of weights. */
typedef struct {
    const int8_t *weights;   /**< [inputs of the window][16 * blocks] */
    const int16_t *bias;     /**< [16 * blocks], 4-byte aligned */
    uint32_t blocks;         /**< outputs / 16, rounded up */
    uint32_t vectors;        /**< outputs / 8, rounded up */
    uint32_t plane[4];       /**< by place: bytes from the spikes of a position to those of its step */
    uint32_t sum[4];         /**< by place: entries from the sums to those of its step */
    uint16_t place[32];      /**< units from the row of input 0 to that of input 31 - k */
    uint32_t word_units;     /**< units from the row of an input to that of the 32nd behind it */
    uint32_t position_units; /**< units from the row of an input to the same input's at the next position */
    uint32_t words;          /**< whole groups of 32 inputs */
    uint32_t last_half;      /**< whether 16 inputs follow */
    uint32_t input;          /**< arena offset of the spikes */
    uint32_t position_bytes; /**< of the spikes of one position */
    uint32_t line_bytes;     /**< of the spikes of one line */
    int32_t height, width;
    int32_t out_height, out_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x;
    int32_t top, left;
    int32_t line_rows;        /**< bytes of weights from one line of the window to the next */
    int32_t step_rows;        /**< and from stride_x positions of it to the next ones */
    int32_t origin_rows;      /**< bytes of weights of `left` positions */
    uint32_t lists;           /**< scratch: kernel_height times the lists of a line */
    uint32_t list_bytes;      /**< of one part of a line: 2 * width * inputs */
    uint32_t line_list_bytes; /**< of all parts of a line */
    uint32_t marks;           /**< scratch: line_marks times mark_step pointers */
    uint32_t line_marks;      /**< from the first window's first position to behind the last one's last */
    uint32_t right_marks;     /**< of them, behind the mark that ends the line */
    uint32_t mark_step;   /**< pointers from the marks of a position to those of the next: parts * kernel_height */
    uint32_t mark_window; /**< kernel_width * mark_step */
    uint32_t mark_stride; /**< stride_x * mark_step */
    uint32_t sums;        /**< scratch: int16 [out_width][4][16 * blocks], 8-byte aligned; zeros where no output is */
    uint32_t line_sums;   /**< bytes of them */
    uint32_t line_spikes; /**< bytes of the spikes of a line that are not pooled */
    const esnn_span_t
        *windows; /**< pooling windows of a line: bytes of its sums or spikes to the first position, count */
    uint32_t window_count;
    uint32_t row; /**< scratch: the spikes of a line before they are pooled */
} esnn_vector_t;

/**
 * Lists the active inputs of one line: parts of the chain, in the order of positions.
 *
 * @param marks  of its slot, in front of the first window; those of positions outside of the line list nothing.
 */
void esnn_vector_list_portable(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, uint16_t **marks);
void esnn_vector_list_mve(const esnn_vector_t *layer, const uint8_t *spikes, uint8_t *lists, uint16_t **marks);

/**
 * Sums of `count` windows at all steps: sums[window][step][output] = bias + the rows of the runs.
 *
 * Only whole vectors of 8 outputs are written, and two of them where there is one.
 */
void esnn_vector_sums_portable(const esnn_vector_t *layer, const esnn_run_t *run, uint32_t count, int16_t *sums);
void esnn_vector_sums_mve(const esnn_vector_t *layer, const esnn_run_t *run, uint32_t count, int16_t *sums);

/**
 * Adds the residual to sums, in place, or stores the result instead: as esnn_finish_t says, at least one of both.
 * Currents lie as sums do.
 *
 * @param blocks  of 16, at one step each: of all positions.
 */
void esnn_vector_stream_portable(const esnn_finish_t *finish, int16_t *sums, uint32_t blocks, const uint8_t *from,
                                 uint8_t *to);
void esnn_vector_stream_mve(const esnn_finish_t *finish, int16_t *sums, uint32_t blocks, const uint8_t *from,
                            uint8_t *to);

/**
 * Neurons with esnn_neuron_t.lanes of some positions: writes their spikes and counts them.
 *
 * @param sums     int16 [positions][4][16 * blocks].
 * @param spikes   of the first position; steps of +1 (and -1) lie as esnn_neuron_t says.
 * @param counter  the layer's spike counters.
 */
void esnn_vector_neuron_portable(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks,
                                 uint32_t positions, uint8_t *spikes, uint32_t *counter);
void esnn_vector_neuron_mve(const esnn_neuron_t *neuron, const int16_t *sums, uint32_t blocks, uint32_t positions,
                            uint8_t *spikes, uint32_t *counter);

/** ORs the spikes of one position into every pooling window that contains it. @param bytes  of them, a multiple of 8.
 */
void esnn_vector_pool(const esnn_neuron_t *neuron, const esnn_place_t *place, const uint8_t *spikes, uint32_t bytes,
                      uint8_t *arena);

/** The same for line `y`, window by window. */
void esnn_vector_pool_line(const esnn_vector_t *layer, const esnn_neuron_t *neuron, uint32_t y, const uint8_t *spikes,
                           uint8_t *arena);

/** Raises the pooled currents of every window that contains positions of line `y` to their sums. */
void esnn_vector_pool_max_portable(const esnn_vector_t *layer, const esnn_finish_t *finish, uint32_t y,
                                   const int16_t *sums, uint8_t *arena);
void esnn_vector_pool_max_mve(const esnn_vector_t *layer, const esnn_finish_t *finish, uint32_t y,
                              const int16_t *sums, uint8_t *arena);

/** Clears what the layer will OR into, and sets pooled currents to their minimum. Once per layer. */
void esnn_vector_begin(const esnn_finish_t *finish, uint8_t *arena);

/** A convolution or linear layer with its finish. */
typedef struct {
    esnn_vector_t layer;
    esnn_finish_t finish;
} esnn_vector_layer_t;

/** Runs it. @return ESNN_OK, or ESNN_ERROR_ARGUMENT for a null pointer. */
esnn_status_t esnn_vector_layer(const esnn_vector_layer_t *layer, uint8_t *arena, uint32_t *counts);

/** Neurons on a stored current of all steps and whole blocks; its finish has nothing else. @return as above. */
esnn_status_t esnn_vector_current(const esnn_current_t *layer, uint8_t *arena, uint32_t *counts);

#endif
