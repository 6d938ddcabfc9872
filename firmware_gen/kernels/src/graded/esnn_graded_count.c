#include "esnn_graded.h"

/** Turns of four words whose counts a byte holds. */
#define ESNN_TURNS 63u
#define ESNN_LOW 0x7f7f7f7fu
#define ESNN_ONES 0x01010101u

/** 1 in each byte where a word differs from `zeros`. */
#if ESNN_CHAIN_DSP
static inline uint32_t esnn_apart(uint32_t word, uint32_t zeros)
{
    uint32_t apart = word ^ zeros, ones;
    __asm__("uadd8 %0, %1, %2\n" /* carries out of each byte that is not 0 */
            "sel %0, %3, %4"
            : "=&r"(ones)
            : "r"(apart), "r"(0xffffffffu), "r"(ESNN_ONES), "r"(0u)
            : "cc");
    return ones;
}
#else
static inline uint32_t esnn_apart(uint32_t word, uint32_t zeros)
{
    const uint32_t apart = word ^ zeros;
    return ((((apart & ESNN_LOW) + ESNN_LOW) | apart) >> 7) & ESNN_ONES;
}
#endif

uint32_t esnn_graded_count(const uint8_t *codes, uint32_t count, uint32_t zero)
{
    uint32_t zeros = zero | zero << 8, found = 0;
    ESNN_HIDE(zeros); /* or compilers multiply by 0x01010101 */
    zeros |= zeros << 16;
    uint32_t turns = count >> 4;
    while (turns != 0) {
        uint32_t four = 0, some = turns < ESNN_TURNS ? turns : ESNN_TURNS;
        turns -= some;
        for (; some != 0; --some) {
            const uint32_t *words = (const uint32_t *)(const void *)codes;
            four += esnn_apart(words[0], zeros);
            four += esnn_apart(words[1], zeros);
            four += esnn_apart(words[2], zeros);
            four += esnn_apart(words[3], zeros);
            codes += 16;
            ESNN_HIDE(codes);
        }
        found += (four & 0xffu) + (four >> 8 & 0xffu) + (four >> 16 & 0xffu) + (four >> 24);
    }
    for (count &= 15u; count != 0; --count) {
        found += *codes++ != zero;
        ESNN_HIDE(codes);
    }
    return found;
}
