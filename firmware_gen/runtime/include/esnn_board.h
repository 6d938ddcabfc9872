/**
 * @file esnn_board.h
 * @brief What a board offers to the runtime. Its facts are in board_config.h, written from board.json.
 */
#ifndef ESNN_BOARD_H
#define ESNN_BOARD_H

#include <stdint.h>

#include "board_config.h"

/** Sets up the serial port and the clock. */
void esnn_board_init(void);

/** Waits for a byte. @return 0..255, or -1 when the port is closed for good (host only). */
int32_t esnn_board_read(void);

/** Sends a byte; waits while the port is busy. */
void esnn_board_write(uint8_t byte);

/** Rate of the serial port after start-up, on every board. */
#define ESNN_BOARD_BAUD 115200u

/** What the port's register takes for a baud rate. @return 0 if the port has no such rate. */
uint32_t esnn_board_rate(uint32_t baud);

/** Waits until all that was written is sent, then sets the port to a rate from esnn_board_rate(). */
void esnn_board_set_rate(uint32_t rate);

/**
 * Brings the clock to the start of its period, so that equal inferences take equal ticks: an interrupt of
 * the clock then falls into the same place of each. Called outside of all measurements.
 */
void esnn_board_clock_restart(void);

/** Which counter esnn_clock_ticks() reads, at most 16 characters. */
const char *esnn_board_clock_name(void);

/** What one tick is: "cycles" of the core or "ns". */
const char *esnn_board_clock_unit(void);

/** Bytes of flash the firmware takes (.text, .rodata, .data); 0 where the board cannot tell. */
uint32_t esnn_board_flash_bytes(void);

/** Bytes of stack used so far at the deepest, by painting; 0 where the board cannot tell. */
uint32_t esnn_board_stack_used(void);

/** Bytes of stack there are; 0 where the board cannot tell. */
uint32_t esnn_board_stack_size(void);

#endif
