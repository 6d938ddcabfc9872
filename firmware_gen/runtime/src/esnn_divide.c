#include "esnn_text.h"

uint64_t esnn_divide(uint64_t *value, uint64_t divisor)
{
    uint64_t rest = 0;
    uint64_t work = *value;
    for (uint32_t i = 0; i < 64; ++i) { /* the quotient follows the dividend out of the same word */
        rest = rest << 1 | work >> 63;
        work <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            work |= 1u;
        }
    }
    *value = work;
    return rest;
}
