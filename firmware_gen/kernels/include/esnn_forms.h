/**
 * @file esnn_forms.h
 * @brief Which form of each kernel a core takes: the one place that says so.
 *
 * All forms give the same bits. What a compiler says of its core (predefined macros) is looked at here and nowhere
 * else; kernels ask the macros below, each 0 or 1, and call esnn_x(), which is esnn_x_portable() or another form.
 *
 * | core              | CHAIN_DSP | CHAIN_SWAR | THUMB2 | CHAIN_V7M | PAIRED_ROWS | CHAIN_V6M | VECTOR_MVE |
 * |-------------------|-----------|------------|--------|-----------|-------------|-----------|------------|
 * | ESNN_PORTABLE     | 0         | 0          | 0      | 0         | 0           | 0         | 0          |
 * | any other         | 0         | 1          | 0      | 0         | 0           | 0         | 0          |
 * | M0                | 0         | 1          | 0      | 0         | 1           | 1         | 0          |
 * | M0, packed rows   | 0         | 1          | 0      | 0         | 0           | 0         | 0          |
 * | M3                | 0         | 1          | 1      | 1         | 1           | 0         | 0          |
 * | M3, packed rows   | 0         | 1          | 1      | 1         | 0           | 0         | 0          |
 * | M4, M7, M33       | 1         | 0          | 1      | 0         | 0           | 0         | 0          |
 * | M55               | 1         | 0          | 1      | 0         | 0           | 0         | 1          |
 *
 * Two macros come from the build: ESNN_PORTABLE, the readable form of everything; ESNN_PACKED_ROWS, rows of bytes on
 * an M0 or M3 whose flash has no room for paired ones.
 */
#ifndef ESNN_FORMS_H
#define ESNN_FORMS_H

/** Two 16-bit sums a register by instructions for them (SXTAB16, SEL): Armv7E-M, Armv8-M with SIMD. */
#if !defined(ESNN_PORTABLE) && defined(__ARM_FEATURE_SIMD32)
#define ESNN_CHAIN_DSP 1
#else
#define ESNN_CHAIN_DSP 0
#endif

/** Two 16-bit sums a word as one number modulo 2^32, in plain C: every core without such instructions. */
#if !defined(ESNN_PORTABLE) && !ESNN_CHAIN_DSP
#define ESNN_CHAIN_SWAR 1
#else
#define ESNN_CHAIN_SWAR 0
#endif

/** Inline assembler of Thumb-2: Armv7-M and up. */
#if !defined(ESNN_PORTABLE) && defined(__thumb2__) && defined(__ARM_ARCH) && __ARM_ARCH >= 7
#define ESNN_THUMB2 1
#else
#define ESNN_THUMB2 0
#endif

/** Inline assembler of Thumb: Armv6-M, where eight registers are all that most instructions see. */
#if !defined(ESNN_PORTABLE) && defined(__ARM_ARCH_6M__)
#define ESNN_THUMB1 1
#else
#define ESNN_THUMB1 0
#endif

/** SWAR where registers and shifted operands allow a tighter form. */
#if ESNN_CHAIN_SWAR && ESNN_THUMB2
#define ESNN_CHAIN_V7M 1
#else
#define ESNN_CHAIN_V7M 0
#endif

/** Rows of 16-bit weights, two a word, ready to be added: 14 instructions for 16 sums and twice the flash. */
#if (ESNN_THUMB1 || ESNN_CHAIN_V7M) && !defined(ESNN_PACKED_ROWS)
#define ESNN_PAIRED_ROWS 1
#else
#define ESNN_PAIRED_ROWS 0
#endif

/** The M0 with such rows: lists of its own, three to a window. */
#if ESNN_THUMB1 && ESNN_PAIRED_ROWS
#define ESNN_CHAIN_V6M 1
#else
#define ESNN_CHAIN_V6M 0
#endif

/** Whether sums need to know how many rows went into them: those of bytes biased by 128. */
#if ESNN_CHAIN_SWAR && !ESNN_PAIRED_ROWS
#define ESNN_CHAIN_TOTALS 1
#else
#define ESNN_CHAIN_TOTALS 0
#endif

/** Rows of 4-bit weights stay nibbles; where rows are paired, flash is spent on speed, and they become such rows. */
#if !ESNN_PAIRED_ROWS
#define ESNN_NIBBLE_ROWS 1
#else
#define ESNN_NIBBLE_ROWS 0
#endif

/** Helium: Armv8.1-M with vectors of integers. */
#if !defined(ESNN_PORTABLE) && defined(__ARM_FEATURE_MVE)
#define ESNN_VECTOR_MVE 1
#else
#define ESNN_VECTOR_MVE 0
#endif

/** An instruction counts leading zeros (readable, so the portable form of a core with it has it too). */
#if defined(__ARM_FEATURE_CLZ)
#define ESNN_HAS_CLZ 1
#else
#define ESNN_HAS_CLZ 0
#endif

/** Words may be loaded from addresses that are no multiples of 4. */
#if defined(__ARM_FEATURE_UNALIGNED)
#define ESNN_HAS_UNALIGNED 1
#else
#define ESNN_HAS_UNALIGNED 0
#endif

#if ESNN_CHAIN_DSP /* M4, M7, M33, M55: sums and neurons are lanes */

#define esnn_add_rows esnn_add_rows_dsp
#define esnn_chain_sums esnn_chain_sums_dsp
#define esnn_chain_sums_nibbles esnn_chain_sums_nibbles_dsp
#define esnn_block_neuron esnn_block_neuron_portable
#define esnn_block_neuron_lanes esnn_block_neuron_dsp
#define esnn_block_neuron_two_lanes esnn_block_neuron_two_dsp
#define esnn_block_clip esnn_block_clip_dsp

#elif ESNN_CHAIN_V7M /* M3: numbers modulo 2^32, all in registers; neurons two a word with a guard bit */

#define esnn_add_rows esnn_add_rows_swar
#define esnn_chain_sums esnn_chain_sums_v7m
#define esnn_chain_sums_nibbles esnn_chain_sums_nibbles_swar
#define esnn_block_neuron esnn_block_neuron_v7m
#define esnn_block_neuron_lanes esnn_block_neuron_lanes_v7m
#define esnn_block_neuron_two_lanes esnn_block_neuron_two_portable
#define esnn_block_clip esnn_block_clip_v7m

#elif ESNN_CHAIN_V6M /* M0: the same; sums of blocks go through esnn_chain_numbers_v6m(), not esnn_chain_sums() */

#define esnn_conv2d_chain esnn_conv2d_chain_v6m
#define esnn_add_rows esnn_add_rows_swar
#define esnn_chain_sums esnn_chain_sums_swar
#define esnn_chain_sums_nibbles esnn_chain_sums_nibbles_swar
#define esnn_block_neuron esnn_block_neuron_portable
#define esnn_block_neuron_lanes esnn_block_neuron_v6m
#define esnn_block_neuron_two_lanes esnn_block_neuron_two_portable
#define esnn_block_clip esnn_block_clip_v6m

#elif ESNN_CHAIN_SWAR /* any other core, and the M0 with packed rows: rows four bytes a word, neurons one by one */

#define esnn_add_rows esnn_add_rows_swar
#define esnn_chain_sums esnn_chain_sums_swar
#define esnn_chain_sums_nibbles esnn_chain_sums_nibbles_swar
#define esnn_block_neuron esnn_block_neuron_portable
#define esnn_block_neuron_lanes esnn_block_neuron_portable
#define esnn_block_neuron_two_lanes esnn_block_neuron_two_portable
#define esnn_block_clip esnn_block_clip_portable

#else

#define esnn_add_rows esnn_add_rows_portable
#define esnn_chain_sums esnn_chain_sums_portable
#define esnn_chain_sums_nibbles esnn_chain_sums_nibbles_portable
#define esnn_block_neuron esnn_block_neuron_portable
#define esnn_block_neuron_lanes esnn_block_neuron_portable
#define esnn_block_neuron_two_lanes esnn_block_neuron_two_portable
#define esnn_block_clip esnn_block_clip_portable

#endif

#if ESNN_THUMB2
#define esnn_graded_list esnn_graded_list_v7m
#define esnn_graded_mark esnn_graded_mark_v7m
#elif ESNN_THUMB1
#define esnn_graded_list esnn_graded_list_v6m
#define esnn_graded_mark esnn_graded_mark_v6m
#else
#define esnn_graded_list esnn_graded_list_portable
#define esnn_graded_mark esnn_graded_mark_portable
#endif

#if ESNN_VECTOR_MVE /* networks of codes: sums of rows */
#define esnn_graded_walk esnn_graded_walk_mve
#elif ESNN_CHAIN_DSP
#define esnn_graded_walk esnn_graded_walk_dsp
#elif ESNN_CHAIN_V7M && ESNN_PAIRED_ROWS
#define esnn_graded_walk esnn_graded_walk_v7m
#elif ESNN_CHAIN_V6M
#define esnn_graded_walk esnn_graded_walk_v6m
#else
#define esnn_graded_walk esnn_graded_walk_portable
#endif

#if ESNN_THUMB1
#define esnn_graded_nibbles esnn_graded_nibbles_v6m
#else
#define esnn_graded_nibbles esnn_graded_nibbles_portable
#endif

#if ESNN_PAIRED_ROWS /* .. and of rows that are pairs on all cores */
#define esnn_graded_pairs esnn_graded_walk
#else
#define esnn_graded_pairs esnn_graded_pairs_portable
#endif

#if ESNN_THUMB2 /* M3 and up: 32-bit neurons need conditional instructions only, so cores with DSP take them too */
#define esnn_block_neuron_wide esnn_block_neuron_wide_v7m
#else
#define esnn_block_neuron_wide esnn_block_neuron_wide_portable
#endif

#if ESNN_VECTOR_MVE /* M55: layers of binary spikes with T = 4 a line at a time */

#define esnn_vector_list esnn_vector_list_mve
#define esnn_vector_sums esnn_vector_sums_mve
#define esnn_vector_stream esnn_vector_stream_mve
#define esnn_vector_neuron esnn_vector_neuron_mve
#define esnn_vector_pool_max esnn_vector_pool_max_mve
#define esnn_vector_contexts esnn_vector_contexts_mve
#define esnn_vector_turn esnn_vector_turn_mve
#define esnn_vector_mix esnn_vector_mix_mve
#define esnn_vector_pixel_block esnn_vector_pixel_block_mve
#define esnn_vector_pixel_line esnn_vector_pixel_line_mve

#else

#define esnn_vector_list esnn_vector_list_portable
#define esnn_vector_sums esnn_vector_sums_portable
#define esnn_vector_stream esnn_vector_stream_portable
#define esnn_vector_neuron esnn_vector_neuron_portable
#define esnn_vector_pool_max esnn_vector_pool_max_portable
#define esnn_vector_contexts esnn_vector_contexts_portable
#define esnn_vector_turn esnn_vector_turn_portable
#define esnn_vector_mix esnn_vector_mix_portable
#define esnn_vector_pixel_block esnn_vector_pixel_block_portable
#define esnn_vector_pixel_line esnn_vector_pixel_line_portable

#endif

#endif
