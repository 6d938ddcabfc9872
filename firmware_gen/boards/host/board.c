/* The host as a board: the serial line is standard input and output. */
#define _POSIX_C_SOURCE 199309L
#include <time.h>
#include <unistd.h>

#include "esnn_board.h"

uint64_t esnn_clock_ticks(void);

void esnn_board_init(void)
{
}

int32_t esnn_board_read(void)
{
    uint8_t byte;
    return read(STDIN_FILENO, &byte, 1) == 1 ? (int32_t)byte : -1;
}

void esnn_board_write(uint8_t byte)
{
    if (write(STDOUT_FILENO, &byte, 1) != 1) {
        _exit(0); /* the reader is gone */
    }
}

uint32_t esnn_board_rate(uint32_t baud)
{
    return baud; /* a pipe has any */
}

void esnn_board_set_rate(uint32_t rate)
{
    (void)rate;
}

void esnn_board_clock_restart(void)
{
}

const char *esnn_board_clock_name(void)
{
    return "monotonic";
}

const char *esnn_board_clock_unit(void)
{
    return "ns";
}

uint32_t esnn_board_flash_bytes(void)
{
    return 0;
}

uint32_t esnn_board_stack_used(void)
{
    return 0;
}

uint32_t esnn_board_stack_size(void)
{
    return 0;
}

uint64_t esnn_clock_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
