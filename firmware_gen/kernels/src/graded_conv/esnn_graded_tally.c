#include "esnn_graded_conv.h"

void esnn_graded_tally(uint16_t *tally, const uint8_t *codes, uint32_t count)
{
    for (; count >= 4u; count -= 4u) {
        ++tally[codes[0]];
        ++tally[codes[1]];
        ++tally[codes[2]];
        ++tally[codes[3]];
        codes += 4;
    }
    for (; count != 0; --count) {
        ++tally[*codes++];
    }
}
