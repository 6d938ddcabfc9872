/* STM32F405 (RM0090): 168 MHz from the crystal, USART1 on PB6 (out) and PB7 (in). */
#include "esnn_board.h"

#define REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

#define RCC 0x40023800u
#define RCC_CR REGISTER(RCC, 0x00u)
#define RCC_PLLCFGR REGISTER(RCC, 0x04u)
#define RCC_CFGR REGISTER(RCC, 0x08u)
#define RCC_AHB1ENR REGISTER(RCC, 0x30u)
#define RCC_APB2ENR REGISTER(RCC, 0x44u)
#define CR_HSI_READY (1u << 1)
#define CR_HSE_ON (1u << 16)
#define CR_HSE_READY (1u << 17)
#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define PLL_HSE (1u << 22)
#define PLL_TIMES_336_OVER_2 ((336u << 6) | (7u << 24)) /* P = 2; Q = 7 gives the USB its 48 MHz */
#define HSI_MHZ 16u
#define CFGR_APB1_QUARTER (5u << 10)
#define CFGR_APB2_HALF (4u << 13)
#define CFGR_SWITCH_PLL 2u
#define CFGR_STATUS_MASK (3u << 2)
#define CFGR_STATUS_PLL (2u << 2)
#define AHB1_GPIOB (1u << 1)
#define APB2_USART1 (1u << 4)

#define FLASH_ACR REGISTER(0x40023c00u, 0x00u)
#define ACR_5_WAITS_PREFETCH_CACHES (5u | (1u << 8) | (1u << 9) | (1u << 10))
#define ACR_WAITS_MASK 7u

#define GPIOB 0x40020400u
#define GPIOB_MODER REGISTER(GPIOB, 0x00u)
#define GPIOB_PUPDR REGISTER(GPIOB, 0x0cu)
#define GPIOB_AFRL REGISTER(GPIOB, 0x20u)
#define PINS_TWO_BITS(value) (((value) << 12) | ((value) << 14)) /* pins 6 and 7 */
#define PINS_FOUR_BITS(value) (((value) << 24) | ((value) << 28))
#define MODE_ALTERNATE 2u
#define PULL_UP 1u
#define ALTERNATE_USART1 7u

#define USART1 0x40011000u
#define USART_SR REGISTER(USART1, 0x00u)
#define USART_DR REGISTER(USART1, 0x04u)
#define USART_BRR REGISTER(USART1, 0x08u)
#define USART_CR1 REGISTER(USART1, 0x0cu)
#define SR_RECEIVED (1u << 5)
#define SR_TRANSMIT_EMPTY (1u << 7)
#define SR_TRANSMITTED (1u << 6)
#define CR1_ENABLE (1u << 13)
#define CR1_TRANSMIT (1u << 3)
#define CR1_RECEIVE (1u << 2)

#define READY_POLLS 100000u /* some 40 ms at 16 MHz; a crystal needs 2 */

void esnn_clock_init(void);

static uint32_t esnn_wait(volatile uint32_t *status, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; i < READY_POLLS; ++i) {
        if ((*status & mask) == value) {
            return 1;
        }
    }
    return 0;
}

/*
 * 168 MHz from the crystal, or from the internal oscillator (1 % off) where the crystal does not start.
 * The internal oscillator runs from reset on; QEMU has no clock control, reads 0, and always counts at
 * 168 MHz. Should the PLL of a real chip not lock, its line runs at a wrong speed and the host finds it
 * silent: a latency in wrong milliseconds is never reported.
 */
static void esnn_run_at_168_mhz(void)
{
    if ((RCC_CR & CR_HSI_READY) == 0) {
        return;
    }
    RCC_CR |= CR_HSE_ON;
    if (esnn_wait(&RCC_CR, CR_HSE_READY, CR_HSE_READY)) {
        RCC_PLLCFGR = PLL_TIMES_336_OVER_2 | PLL_HSE | ESNN_BOARD_CRYSTAL_MHZ;
    } else {
        RCC_CR &= ~CR_HSE_ON;
        RCC_PLLCFGR = PLL_TIMES_336_OVER_2 | HSI_MHZ;
    }
    RCC_CR |= CR_PLL_ON;
    /* Flash first, then bus dividers, then the switch: nothing ever runs faster than it may. */
    FLASH_ACR = ACR_5_WAITS_PREFETCH_CACHES;
    if (esnn_wait(&RCC_CR, CR_PLL_READY, CR_PLL_READY) && esnn_wait(&FLASH_ACR, ACR_WAITS_MASK, 5u)) {
        RCC_CFGR = CFGR_APB1_QUARTER | CFGR_APB2_HALF;
        RCC_CFGR = CFGR_APB1_QUARTER | CFGR_APB2_HALF | CFGR_SWITCH_PLL;
        (void)esnn_wait(&RCC_CFGR, CFGR_STATUS_MASK, CFGR_STATUS_PLL);
    }
}

uint32_t esnn_board_rate(uint32_t baud)
{
    static const uint32_t rates[][2] = {ESNN_BOARD_RATES}; /* sixteenths of a bit: clock over baud rate */
    for (uint32_t i = 0; i < sizeof rates / sizeof rates[0]; ++i) {
        if (rates[i][0] == baud) {
            return rates[i][1];
        }
    }
    return 0;
}

void esnn_board_set_rate(uint32_t rate)
{
    while ((USART_SR & SR_TRANSMITTED) == 0) {
    }
    USART_BRR = rate;
}

void esnn_board_init(void)
{
    esnn_run_at_168_mhz();
    RCC_AHB1ENR |= AHB1_GPIOB;
    RCC_APB2ENR |= APB2_USART1;
    (void)RCC_APB2ENR; /* a clock takes two cycles to arrive (errata ES0182): this read is the wait */
    USART_BRR = esnn_board_rate(ESNN_BOARD_BAUD);
    USART_CR1 = CR1_ENABLE | CR1_TRANSMIT | CR1_RECEIVE;
    /* The pins last: by now the line idles high. */
    GPIOB_PUPDR = (GPIOB_PUPDR & ~PINS_TWO_BITS(3u)) | PINS_TWO_BITS(PULL_UP);
    GPIOB_AFRL = (GPIOB_AFRL & ~PINS_FOUR_BITS(15u)) | PINS_FOUR_BITS(ALTERNATE_USART1);
    GPIOB_MODER = (GPIOB_MODER & ~PINS_TWO_BITS(3u)) | PINS_TWO_BITS(MODE_ALTERNATE);
    esnn_clock_init();
}

int32_t esnn_board_read(void)
{
    while ((USART_SR & SR_RECEIVED) == 0) {
    }
    return (int32_t)(USART_DR & 0xffu); /* status, then data: clears an overrun as well */
}

void esnn_board_write(uint8_t byte)
{
    while ((USART_SR & SR_TRANSMIT_EMPTY) == 0) {
    }
    USART_DR = byte;
}
