/*
 * Clock of a core by its own counters: cycles by DWT CYCCNT (Armv7-M ARM, C1.8; Armv8-M ARM, D1.2) where there is one
 * and it counts, else by SysTick (B3.3). SysTick's interrupt runs in both cases, every 2^24 cycles: it counts the
 * turns of SysTick, or sees to it that none of CYCCNT is missed, however long a step takes.
 */
#include "esnn_board.h"
#include "wide_clock.h"

#ifndef ESNN_REGISTER
#define ESNN_REGISTER(address) (*(volatile uint32_t *)(address))
#endif

#define SYST_CSR ESNN_REGISTER(0xe000e010u)
#define SYST_RVR ESNN_REGISTER(0xe000e014u)
#define SYST_CVR ESNN_REGISTER(0xe000e018u)
#define CSR_ENABLE 1u
#define CSR_INTERRUPT 2u
#define CSR_PROCESSOR_CLOCK 4u

#define ICSR ESNN_REGISTER(0xe000ed04u)
#define ICSR_SYSTICK_PENDING (1u << 26)

#define DEMCR ESNN_REGISTER(0xe000edfcu)
#define DEMCR_TRACE (1u << 24)
#define DWT_CTRL ESNN_REGISTER(0xe0001000u)
#define DWT_CYCCNT ESNN_REGISTER(0xe0001004u)
#define DWT_LAR ESNN_REGISTER(0xe0001fb0u)
#define DWT_CTRL_COUNT 1u
#define DWT_CTRL_NO_CYCCNT (1u << 25)
#define DWT_UNLOCK 0xc5acce55u
#define DWT_POLLS 16u

/* Armv6-M and the Armv8-M baseline have no CYCCNT, and their DWT is for debuggers only. */
#if !defined(ESNN_CORE_HAS_DWT)
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB >= 2
#define ESNN_CORE_HAS_DWT 1
#else
#define ESNN_CORE_HAS_DWT 0
#endif
#endif

uint64_t esnn_clock_ticks(void);
void esnn_clock_init(void);
void SysTick_Handler(void);

static struct {
    esnn_wide_t cycles;      /* CYCCNT at the last interrupt */
    volatile uint32_t turns; /* of SysTick */
    uint32_t by_dwt;
} core_clock;

/** Starts CYCCNT. @return whether it counts: it may be absent, locked, or, as in an emulator, stand still. */
static uint32_t esnn_dwt_start(void)
{
    if (!ESNN_CORE_HAS_DWT) {
        return 0;
    }
    DEMCR |= DEMCR_TRACE;
    if ((DEMCR & DEMCR_TRACE) == 0 || (DWT_CTRL & DWT_CTRL_NO_CYCCNT) != 0) {
        return 0;
    }
    DWT_LAR = DWT_UNLOCK; /* the M7 locks it against programs; nothing is there on other cores */
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_COUNT;
    const uint32_t first = DWT_CYCCNT;
    for (uint32_t i = 0; i < DWT_POLLS; ++i) {
        if (DWT_CYCCNT != first) {
            return 1;
        }
    }
    return 0;
}

void SysTick_Handler(void)
{
    if (core_clock.by_dwt) {
        esnn_wide_take(&core_clock.cycles, DWT_CYCCNT);
    } else {
        core_clock.turns = core_clock.turns + 1u;
    }
}

void esnn_clock_init(void)
{
    core_clock.by_dwt = esnn_dwt_start();
    SYST_RVR = ESNN_SYSTICK_LAST;
    SYST_CVR = 0;
    SYST_CSR = CSR_ENABLE | CSR_INTERRUPT | CSR_PROCESSOR_CLOCK;
}

void esnn_board_clock_restart(void)
{
    SYST_CVR = 0; /* any write clears the count, and asks for no interrupt */
}

const char *esnn_board_clock_name(void)
{
    return core_clock.by_dwt ? "DWT CYCCNT" : "SysTick";
}

const char *esnn_board_clock_unit(void)
{
    return "cycles";
}

uint64_t esnn_clock_ticks(void)
{
    uint32_t turns;
    if (core_clock.by_dwt) {
        uint32_t last, now;
        do { /* again if the interrupt came in between */
            turns = core_clock.cycles.turns;
            last = core_clock.cycles.last;
            now = DWT_CYCCNT;
        } while (turns != core_clock.cycles.turns || last != core_clock.cycles.last);
        return esnn_wide_time(turns, last, now);
    }
    uint32_t count, pending;
    do {
        turns = core_clock.turns;
        count = SYST_CVR;
        pending = ICSR & ICSR_SYSTICK_PENDING;
    } while (turns != core_clock.turns);
    return esnn_systick_time(turns, count, pending);
}
