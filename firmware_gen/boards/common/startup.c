/* Start-up of every Cortex-M board: vectors, .data, .bss, stack painting. */
#include <stdint.h>

#include "esnn_board.h"

extern uint8_t esnn_flash_bytes[];
extern uint32_t esnn_stack_limit[], esnn_stack_top[];
extern uint32_t esnn_data_load[], esnn_data_start[], esnn_data_end[], esnn_bss_start[], esnn_bss_end[];

int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);

#define STACK_PAINT 0xc5c5c5c5u

#if defined(__ARM_FEATURE_MVE)
/* Vector instructions are refused until coprocessors 10 and 11 are opened (Armv8-M ARM, CPACR and CCR.LOB). */
#define CPACR (*(volatile uint32_t *)0xe000ed88u)
#define CPACR_CP10_CP11_FULL (0xfu << 20)
#define CCR (*(volatile uint32_t *)0xe000ed14u)
#define CCR_LOOP_CACHE (1u << 19)

static void esnn_open_coprocessors(void)
{
    CPACR |= CPACR_CP10_CP11_FULL;
    CCR |= CCR_LOOP_CACHE; /* lets low-overhead loops (LE) skip their branch */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
#else
static void esnn_open_coprocessors(void)
{
}
#endif

/* A fault, or an interrupt nobody asked for, stops here: the host sees a silent device. */
static void esnn_halt(void)
{
    for (;;) {
    }
}

__attribute__((weak)) void SysTick_Handler(void)
{
    esnn_halt();
}

typedef void (*esnn_vector_t)(void);

__attribute__((section(".vectors"), used)) static const esnn_vector_t vectors[16] = {
    /* clang-format off */
    (esnn_vector_t)(uintptr_t)esnn_stack_top, Reset_Handler,
    esnn_halt, esnn_halt, esnn_halt, esnn_halt, esnn_halt, esnn_halt, esnn_halt, /* 2 to 8 */
    esnn_halt, esnn_halt, esnn_halt, esnn_halt, esnn_halt, esnn_halt,            /* 9 to 14 */
    SysTick_Handler,
    /* clang-format on */
};

void Reset_Handler(void)
{
    esnn_open_coprocessors(); /* first: the compiler may fill memory with vectors */
    /* Below this frame everything is free: paint it, so that the deepest use can be read later. */
    volatile uint32_t *paint = esnn_stack_limit;
    while (paint < (volatile uint32_t *)__builtin_frame_address(0) - 8) {
        *paint++ = STACK_PAINT;
    }
    const uint32_t *from = esnn_data_load;
    for (uint32_t *to = esnn_data_start; to < esnn_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = esnn_bss_start; to < esnn_bss_end;) {
        *to++ = 0;
    }
    (void)main();
    esnn_halt();
}

uint32_t esnn_board_flash_bytes(void)
{
    return (uint32_t)(uintptr_t)esnn_flash_bytes; /* the linker script makes it, as an address */
}

uint32_t esnn_board_stack_used(void)
{
    const uint32_t *at = esnn_stack_limit;
    while (at < esnn_stack_top && *at == STACK_PAINT) {
        ++at;
    }
    return (uint32_t)((const uint8_t *)esnn_stack_top - (const uint8_t *)at);
}

uint32_t esnn_board_stack_size(void)
{
    return (uint32_t)((const uint8_t *)esnn_stack_top - (const uint8_t *)esnn_stack_limit);
}
