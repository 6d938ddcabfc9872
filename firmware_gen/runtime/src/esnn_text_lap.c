#include "esnn_text.h"

#define TICKS_PER_MICROSECOND (ESNN_BOARD_CLOCK_HZ / 1000000u)
_Static_assert(ESNN_BOARD_CLOCK_HZ % 1000000u == 0, "clock_hz is whole megahertz");

void esnn_text_lap(uint64_t ticks)
{
    (void)esnn_divide(&ticks, TICKS_PER_MICROSECOND);
    esnn_print("m-lap-us-");
    esnn_print_number(ticks);
    esnn_print("\r\n");
}
