/* UART of Arm's Cortex-M System Design Kit (DDI 0479), as on the MPS2 boards. */
#include "esnn_board.h"

#define UART_DATA (*(volatile uint32_t *)(ESNN_BOARD_UART_BASE + 0x00u))
#define UART_STATE (*(volatile uint32_t *)(ESNN_BOARD_UART_BASE + 0x04u))
#define UART_CTRL (*(volatile uint32_t *)(ESNN_BOARD_UART_BASE + 0x08u))
#define UART_BAUDDIV (*(volatile uint32_t *)(ESNN_BOARD_UART_BASE + 0x10u))

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_TX_ENABLE 1u
#define CTRL_RX_ENABLE 2u

/* The last byte may still be on its way when the buffer is empty: 28 bits at 115200 baud. */
#define LAST_BYTE_TICKS (ESNN_BOARD_CLOCK_HZ >> 12)

void esnn_clock_init(void);
uint64_t esnn_clock_ticks(void);

uint32_t esnn_board_rate(uint32_t baud)
{
    static const uint32_t rates[][2] = {ESNN_BOARD_RATES}; /* clock over baud rate; the least is 16 */
    for (uint32_t i = 0; i < sizeof rates / sizeof rates[0]; ++i) {
        if (rates[i][0] == baud) {
            return rates[i][1];
        }
    }
    return 0;
}

void esnn_board_set_rate(uint32_t rate)
{
    while ((UART_STATE & STATE_TX_FULL) != 0) {
    }
    const uint64_t start = esnn_clock_ticks();
    while (esnn_clock_ticks() - start < LAST_BYTE_TICKS) {
    }
    UART_BAUDDIV = rate;
}

void esnn_board_init(void)
{
    UART_BAUDDIV = esnn_board_rate(ESNN_BOARD_BAUD);
    UART_CTRL = CTRL_TX_ENABLE | CTRL_RX_ENABLE;
    esnn_clock_init();
}

int32_t esnn_board_read(void)
{
    while ((UART_STATE & STATE_RX_FULL) == 0) {
    }
    return (int32_t)(UART_DATA & 0xffu);
}

void esnn_board_write(uint8_t byte)
{
    while ((UART_STATE & STATE_TX_FULL) != 0) {
    }
    UART_DATA = byte;
}
