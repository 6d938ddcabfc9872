/* nRF51822 (nRF51 Reference Manual 3.0): UART on the pins of the interface chip, TIMER0 as clock. */
#include "../common/wide_clock.h"
#include "esnn_board.h"

#define REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

#define CLOCK 0x40000000u
#define CLOCK_HFCLKSTART REGISTER(CLOCK, 0x000u)
#define CLOCK_HFCLKSTARTED REGISTER(CLOCK, 0x100u)
#define START_POLLS 100000u

#define UART 0x40002000u
#define UART_STARTRX REGISTER(UART, 0x000u)
#define UART_STARTTX REGISTER(UART, 0x008u)
#define UART_RXDRDY REGISTER(UART, 0x108u)
#define UART_TXDRDY REGISTER(UART, 0x11cu)
#define UART_ENABLE REGISTER(UART, 0x500u)
#define UART_PSELRTS REGISTER(UART, 0x508u)
#define UART_PSELTXD REGISTER(UART, 0x50cu)
#define UART_PSELCTS REGISTER(UART, 0x510u)
#define UART_PSELRXD REGISTER(UART, 0x514u)
#define UART_RXD REGISTER(UART, 0x518u)
#define UART_TXD REGISTER(UART, 0x51cu)
#define UART_BAUDRATE REGISTER(UART, 0x524u)
#define UART_ENABLED 4u
#define PIN_TXD 24u
#define PIN_RXD 25u
#define PIN_NONE 0xffffffffu

#define GPIO 0x50000000u
#define GPIO_OUTSET REGISTER(GPIO, 0x508u)
#define GPIO_DIRSET REGISTER(GPIO, 0x518u)

#define TIMER0 0x40008000u
#define TIMER_START REGISTER(TIMER0, 0x000u)
#define TIMER_CAPTURE0 REGISTER(TIMER0, 0x040u)
#define TIMER_MODE REGISTER(TIMER0, 0x504u)
#define TIMER_BITMODE REGISTER(TIMER0, 0x508u)
#define TIMER_PRESCALER REGISTER(TIMER0, 0x510u)
#define TIMER_CC0 REGISTER(TIMER0, 0x540u)
#define TIMER_32_BITS 3u

uint64_t esnn_clock_ticks(void);

/* TIMER0 turns over after 268 s; the clock is read after every layer, so no turn of an inference is missed. */
static esnn_wide_t timer;

uint32_t esnn_board_rate(uint32_t baud)
{
    static const uint32_t rates[][2] = {
        /* BAUDRATE register, reference manual 29.10.10 */
        {115200u, 0x01d7e000u}, {230400u, 0x03afb000u}, {250000u, 0x04000000u},
        {460800u, 0x075f7000u}, {921600u, 0x0ebedfa4u}, {1000000u, 0x10000000u},
    };
    for (uint32_t i = 0; i < sizeof rates / sizeof rates[0]; ++i) {
        if (rates[i][0] == baud) {
            return rates[i][1];
        }
    }
    return 0;
}

void esnn_board_set_rate(uint32_t rate)
{
    UART_BAUDRATE = rate; /* esnn_board_write() has waited for its byte */
}

void esnn_board_init(void)
{
    CLOCK_HFCLKSTARTED = 0;
    CLOCK_HFCLKSTART = 1;
    for (uint32_t i = 0; i < START_POLLS && CLOCK_HFCLKSTARTED == 0; ++i) {
    }
    GPIO_OUTSET = 1u << PIN_TXD; /* the line idles high */
    GPIO_DIRSET = 1u << PIN_TXD;
    UART_PSELTXD = PIN_TXD;
    UART_PSELRXD = PIN_RXD;
    UART_PSELRTS = PIN_NONE;
    UART_PSELCTS = PIN_NONE;
    UART_BAUDRATE = esnn_board_rate(ESNN_BOARD_BAUD);
    UART_ENABLE = UART_ENABLED;
    UART_RXDRDY = 0;
    UART_STARTRX = 1;
    UART_STARTTX = 1;
    TIMER_MODE = 0;
    TIMER_BITMODE = TIMER_32_BITS;
    TIMER_PRESCALER = 0; /* 16 MHz */
    TIMER_START = 1;
}

int32_t esnn_board_read(void)
{
    while (UART_RXDRDY == 0) {
    }
    UART_RXDRDY = 0; /* before the read: a byte that waits in the FIFO raises it again */
    return (int32_t)(UART_RXD & 0xffu);
}

void esnn_board_write(uint8_t byte)
{
    UART_TXDRDY = 0;
    UART_TXD = byte;
    while (UART_TXDRDY == 0) {
    }
}

void esnn_board_clock_restart(void)
{
    /* No interrupt counts its wraps: nothing to bring into step. */
}

const char *esnn_board_clock_name(void)
{
    return "TIMER0";
}

const char *esnn_board_clock_unit(void)
{
    return "cycles"; /* the core runs on the same 16 MHz */
}

uint64_t esnn_clock_ticks(void)
{
    TIMER_CAPTURE0 = 1;
    esnn_wide_take(&timer, TIMER_CC0);
    return esnn_wide_time(timer.turns, timer.last, timer.last);
}
