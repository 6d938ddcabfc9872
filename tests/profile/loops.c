/* A program whose inference is a loop of known length: says '!' when ready; asked with a number (4 bytes), runs that
 * many turns of it as its only step, and says '.' when done. */
#include "esnn_board.h"

uint64_t esnn_clock_ticks(void);
uint64_t esnn_model_infer(uint32_t turns);

static volatile uint32_t words[4];

__attribute__((noinline)) uint64_t esnn_model_infer(uint32_t turns)
{
    const uint64_t start = esnn_clock_ticks();
    const volatile uint32_t *from = words;
    uint32_t a;
    uint32_t b;
    __asm__ volatile(".syntax unified\n1: ldr %1, [%3]\n\tldr %2, [%3, #4]\n\tsubs %0, %0, #1\n\tbne 1b"
                     : "+l"(turns), "=&l"(a), "=&l"(b)
                     : "l"(from)
                     : "cc");
    return esnn_clock_ticks() - start + a + b;
}

static volatile uint64_t sink;

int main(void)
{
    esnn_board_init();
    esnn_board_write('!');
    for (;;) {
        uint32_t turns = 0;
        for (uint32_t i = 0; i < 4; ++i) {
            turns |= (uint32_t)esnn_board_read() << (8 * i);
        }
        esnn_board_clock_restart();
        sink = esnn_model_infer(turns);
        esnn_board_write('.');
    }
}
