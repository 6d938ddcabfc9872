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

/** Bytes of stack used so far at the deepest, by painting; 0 where the board cannot tell. */
uint32_t esnn_board_stack_used(void);

/** Bytes of stack there are; 0 where the board cannot tell. */
uint32_t esnn_board_stack_size(void);

#endif
