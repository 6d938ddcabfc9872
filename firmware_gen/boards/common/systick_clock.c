/* 64-bit clock on SysTick (Armv7-M ARM, B3.3): 24 bits in hardware, the wraps counted by its interrupt. */
#include "esnn_board.h"

#define SYST_CSR (*(volatile uint32_t *)0xe000e010u)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014u)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018u)

#define CSR_ENABLE 1u
#define CSR_INTERRUPT 2u
#define CSR_PROCESSOR_CLOCK 4u
#define LAST 0xffffffu

uint64_t esnn_clock_ticks(void);
void esnn_clock_init(void);
void SysTick_Handler(void);

static volatile uint32_t wraps;

void SysTick_Handler(void)
{
    wraps = wraps + 1u;
}

void esnn_clock_init(void)
{
    SYST_RVR = LAST;
    SYST_CVR = 0;
    SYST_CSR = CSR_ENABLE | CSR_INTERRUPT | CSR_PROCESSOR_CLOCK;
}

void esnn_board_clock_restart(void)
{
    SYST_CVR = 0; /* any write clears the count, and asks for no interrupt */
}

uint64_t esnn_clock_ticks(void)
{
    uint32_t high, low;
    do { /* again if it wrapped between the two readings */
        high = wraps;
        low = SYST_CVR;
    } while (high != wraps);
    return ((uint64_t)high << 24) + (LAST - low);
}
