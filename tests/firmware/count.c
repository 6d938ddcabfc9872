/* Counts loops of two instructions: says '!' when ready; asked with a number (4 bytes), answers with clock ticks (8
 * bytes). */
#include "esnn_board.h"

uint64_t esnn_clock_ticks(void);

static uint64_t ticks_of(uint32_t turns)
{
    esnn_board_clock_restart();
    const uint64_t start = esnn_clock_ticks();
    __asm__ volatile(".syntax unified\n1: subs %0, %0, #1\n\tbne 1b" : "+l"(turns) : : "cc");
    return esnn_clock_ticks() - start;
}

int main(void)
{
    esnn_board_init();
    esnn_board_write('!'); /* now its receiver is on */
    for (;;) {
        uint32_t turns = 0;
        for (uint32_t i = 0; i < 4; ++i) {
            turns |= (uint32_t)esnn_board_read() << (8 * i);
        }
        const uint64_t ticks = ticks_of(turns);
        for (uint32_t i = 0; i < 8; ++i) {
            esnn_board_write((uint8_t)(ticks >> (8 * i)));
        }
    }
}
