/* Runs the set-up of the STM32F405 on this computer, on memory at the addresses of its registers. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "esnn_board.h"

#define FIRST 0x40011000u
#define PAST 0x40024000u
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

void esnn_clock_init(void);

void esnn_clock_init(void)
{
}

/* Usage: program CR, what RCC_CR reads at first; writes keep the bits that say "ready". */
int main(int argc, char **argv)
{
    void *want = (void *)(uintptr_t)FIRST;
    if (argc != 2 || mmap(want, PAST - FIRST, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != want) {
        return 1;
    }
    REGISTER(0x40023800u) = (uint32_t)strtoul(argv[1], NULL, 0);
    REGISTER(0x40023804u) = 0x24003010u; /* reset values of RM0090 */
    REGISTER(0x40020400u) = 0x00000280u;
    REGISTER(0x4002040cu) = 0x00000100u;
    esnn_board_init();
    printf("{\"cr\": %u, \"pllcfgr\": %u, \"cfgr\": %u, \"ahb1enr\": %u, \"apb2enr\": %u, \"acr\": %u,",
           REGISTER(0x40023800u), REGISTER(0x40023804u), REGISTER(0x40023808u), REGISTER(0x40023830u),
           REGISTER(0x40023844u), REGISTER(0x40023c00u));
    printf(" \"moder\": %u, \"pupdr\": %u, \"afrl\": %u, \"brr\": %u, \"cr1\": %u}\n", REGISTER(0x40020400u),
           REGISTER(0x4002040cu), REGISTER(0x40020420u), REGISTER(0x40011008u), REGISTER(0x4001100cu));
    return 0;
}
