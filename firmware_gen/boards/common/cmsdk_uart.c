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

void esnn_clock_init(void);

void esnn_board_init(void)
{
    UART_BAUDDIV = ESNN_BOARD_UART_DIVIDER; /* clock over baud rate; the least is 16 */
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
