#include "esnn_graded_conv.h"

/** The two weights in a word of pairs, or two neighbouring outputs of a word of four. */
static void add_two(int32_t *sums, uint32_t word, uint32_t bit)
{
#if ESNN_PAIRED_ROWS
    const int32_t first = (int16_t)(uint16_t)word;
    const int32_t second = (int32_t)(word - (uint32_t)first) >> 16;
#else
    const int32_t first = (int8_t)(uint8_t)word, second = (int8_t)(uint8_t)(word >> ESNN_GRADED_NEXT);
#endif
    sums[0] += ESNN_LIFT(first, bit);
    sums[1] += ESNN_LIFT(second, bit);
}

void esnn_graded_wide(const uint32_t *weights, const uint8_t *codes, uint32_t count, const int32_t *bias,
                      int32_t *sums)
{
    for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; ++c) {
        sums[c] = bias[c];
    }
    for (; count != 0; --count) {
        uint32_t left = *codes++;
        for (uint32_t bit = 0; left != 0; ++bit, left >>= 1) {
            if ((left & 1u) == 0) {
                continue;
            }
            const uint32_t *word = weights;
            for (uint32_t c = 0; c < ESNN_GRADED_BLOCK; c += 4u) {
                add_two(sums + c, word[0], bit);
#if ESNN_PAIRED_ROWS
                add_two(sums + c + 2, word[1], bit);
                word += 2;
#else
                add_two(sums + c + 2, word[0] >> ESNN_GRADED_SECOND, bit);
                ++word;
#endif
            }
        }
        weights += ESNN_GRADED_ROW_WORDS;
    }
}
