#include "esnn_block.h"

#if ESNN_CHAIN_V7M

/** Two lanes of r4, clips in r5; t is r6. Lanes below 0 become 0; few are above their clip: they go out of line. */
#define ESNN_CLIP(label)                                                                                             \
    "ldr r4, [%[from]], #4\n"                                                                                        \
    "ldr r5, [%[most]], #4\n"                                                                                        \
    "and r6, r4, #0x80008000\n"                                                                                      \
    "lsr r8, r6, #15\n"                                                                                              \
    "rsb r8, r8, r6, lsl #1\n"                                                                                       \
    "bic r4, r4, r8\n"                                                                                               \
    "orr r6, r5, #0x80008000\n"                                                                                      \
    "sub r6, r6, r4\n" /* bit 15 of a lane is clear where it is above its clip */                                    \
    "bics r6, %[tops], r6\n"                                                                                         \
    "bne " label "3f\n" label "2:\n"                                                                                 \
    "str r4, [%[to]], #4\n"

#define ESNN_ABOVE(label)                                                                                            \
    label "3:\n"                                                                                                     \
          "sub r8, r6, r6, lsr #15\n" /* 15 bits of the lanes that are above */                                      \
          "and r5, r5, r8\n"                                                                                         \
          "bic r4, r4, r8\n"                                                                                         \
          "orr r4, r4, r5\n"                                                                                         \
          "b " label "2b\n"

void esnn_block_clip_v7m(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries)
{
    const int16_t *end = sums + (entries & ~3u);
    const uint32_t tops = 0x80008000u;
    __asm__ volatile("b 1f\n"
                     "0:\n" ESNN_CLIP("1") ESNN_CLIP("2") "1:\n"
                                                          "cmp %[from], %[end]\n"
                                                          "bne 0b\n"
                                                          "b 4f\n" ESNN_ABOVE("1") ESNN_ABOVE("2") "4:\n"
                     : [from] "+r"(sums), [most] "+r"(clip), [to] "+r"(key)
                     : [end] "r"(end), [tops] "r"(tops)
                     : "r4", "r5", "r6", "r8", "cc", "memory");
    esnn_block_clip_portable(sums, clip, key, entries & 3u);
}

#endif
