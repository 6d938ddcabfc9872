/* The host as a board: the serial line is standard input and output. */
#define _POSIX_C_SOURCE 199309L
#include <time.h>
#include <unistd.h>

#include "esnn_board.h"

uint64_t esnn_clock_ticks(void);

void esnn_board_init(void)
{
}

/* A call to the system for each byte would take longer than a small inference. */
static struct {
    uint8_t in[512], out[512];
    size_t in_at, in_end, out_end;
} line;

static void esnn_flush(void)
{
    for (size_t at = 0; at < line.out_end;) {
        const ssize_t done = write(STDOUT_FILENO, line.out + at, line.out_end - at);
        if (done <= 0) {
            _exit(0); /* the reader is gone */
        }
        at += (size_t)done;
    }
    line.out_end = 0;
}

int32_t esnn_board_read(void)
{
    if (line.in_at == line.in_end) {
        esnn_flush();
        const ssize_t got = read(STDIN_FILENO, line.in, sizeof line.in);
        if (got <= 0) {
            return -1;
        }
        line.in_at = 0;
        line.in_end = (size_t)got;
    }
    return (int32_t)line.in[line.in_at++];
}

void esnn_board_write(uint8_t byte)
{
    line.out[line.out_end++] = byte;
    if (line.out_end == sizeof line.out) {
        esnn_flush();
    }
}

uint32_t esnn_board_rate(uint32_t baud)
{
    return baud; /* a pipe has any */
}

void esnn_board_set_rate(uint32_t rate)
{
    (void)rate;
    esnn_flush();
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
