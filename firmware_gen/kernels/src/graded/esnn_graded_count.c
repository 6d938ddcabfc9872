#include "esnn_graded.h"

uint32_t esnn_graded_count(const uint8_t *codes, uint32_t count, uint32_t zero)
{
    uint32_t found = 0;
    for (; count != 0; --count) {
        found += *codes++ != zero;
    }
    return found;
}
