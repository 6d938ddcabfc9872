#include "esnn_graded.h"

/** Words whose counts a byte holds. */
#define ESNN_COUNTED 255u
#define ESNN_LOW 0x7f7f7f7fu

uint32_t esnn_graded_count(const uint8_t *codes, uint32_t count, uint32_t zero)
{
    uint32_t found = 0;
    for (; count != 0 && ((uintptr_t)codes & 3u) != 0; --count) {
        found += *codes++ != zero;
    }
    uint32_t zeros = zero | zero << 8;
    ESNN_HIDE(zeros); /* or compilers multiply by 0x01010101 */
    zeros |= zeros << 16;
    uint32_t words = count >> 2;
    while (words != 0) {
        /* Four counts in a word: bit 7 of a byte is set where it is not 0. */
        uint32_t four = 0, some = words < ESNN_COUNTED ? words : ESNN_COUNTED;
        words -= some;
        for (; some != 0; --some) {
            const uint32_t apart = *(const uint32_t *)(const void *)codes ^ zeros;
            four += ((((apart & ESNN_LOW) + ESNN_LOW) | apart) & ~ESNN_LOW) >> 7;
            codes += 4;
            ESNN_HIDE(codes);
        }
        found += (four & 0xffu) + (four >> 8 & 0xffu) + (four >> 16 & 0xffu) + (four >> 24);
    }
    for (count &= 3u; count != 0; --count) {
        found += *codes++ != zero;
    }
    return found;
}
