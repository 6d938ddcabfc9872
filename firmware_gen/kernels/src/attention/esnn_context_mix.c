#include "esnn_asm.h"
#include "esnn_context.h"

ESNN_ASM_STACK(36);

#if ESNN_THUMB2

/** Adds the lanes of a word. */
#if ESNN_CHAIN_DSP
#define ESNN_SPREAD(word, lower, upper)                                                                              \
    "sxtah " lower ", " lower ", " word "\n"                                                                         \
    "sxtah " upper ", " upper ", " word ", ror #16\n"
#else
#define ESNN_SPREAD(word, lower, upper)                                                                              \
    "add " upper ", " upper ", " word ", asr #16\n"                                                                  \
    "sxth " word ", " word "\n"                                                                                      \
    "add " lower ", " lower ", " word "\n"
#endif

#define ESNN_SPLIT(word, lower, upper)                                                                               \
    "sxth " lower ", " word "\n"                                                                                     \
    "asr " upper ", " word ", #16\n"

/** Eight sums, of four words of each row; `skip` moves r0 from the beginning of a row to them. */
#define ESNN_EIGHT(skip)                                                                                             \
    "ldr r0, [r12], #4\n" skip                                                                                       \
    "ldm r0, {r0-r3}\n" ESNN_SPLIT("r0", "r4", "r5") ESNN_SPLIT("r1", "r6", "r7") ESNN_SPLIT("r2", "r8", "r9")       \
        ESNN_SPLIT("r3", "r10", "r11") "b 1f\n"                                                                      \
                                       "0:\n"                                                                        \
                                       "ldr r0, [r12], #4\n" skip "ldm r0, {r0-r3}\n" ESNN_SPREAD("r0", "r4", "r5")  \
                                           ESNN_SPREAD("r1", "r6", "r7") ESNN_SPREAD("r2", "r8", "r9")               \
                                               ESNN_SPREAD("r3", "r10", "r11") "1:\n"                                \
                                                                               "cmp r12, lr\n"                       \
                                                                               "bne 0b\n"                            \
                                                                               "ldr r0, [sp]\n"                      \
                                                                               "stm r0, {r4-r11}\n"

/** From r0 to r1; r2 are the sums, which wait on the stack. */
#define ESNN_RUN(skip)                                                                                               \
    register const uint32_t *const *r0 __asm__("r0") = row;                                                          \
    register const uint32_t *const *r1 __asm__("r1") = end;                                                          \
    register int32_t *r2 __asm__("r2") = sums;                                                                       \
    __asm__ volatile("push {r2, r4-r11}\n"                                                                           \
                     "mov r12, r0\n"                                                                                 \
                     "mov lr, r1\n" ESNN_EIGHT(skip) "pop {r2, r4-r11}\n"                                            \
                     : "+r"(r0), "+r"(r1), "+r"(r2)                                                                  \
                     :                                                                                               \
                     : "r3", "r12", "lr", "cc", "memory")

static void esnn_first_eight(const uint32_t *const *row, const uint32_t *const *end, int32_t *sums)
{
    ESNN_RUN("");
}

static void esnn_second_eight(const uint32_t *const *row, const uint32_t *const *end, int32_t *sums)
{
    ESNN_RUN("add r0, r0, #16\n");
}

#endif

void esnn_context_mix(const uint32_t *context, const uint8_t *row_words, uint32_t bits, uint32_t words, int32_t *sums)
{
    const uint32_t *rows[16];
    const uint32_t **end = rows;
    if (bits == 0) {
        for (uint32_t word = 0; word < words; word += 2u) {
            *sums++ = 0;
            *sums++ = 0;
            *sums++ = 0;
            *sums++ = 0;
        }
        return;
    }
    do {
        *end++ = context + row_words[esnn_take_bit(&bits)];
    } while (bits != 0);
    uint32_t word = 0;
#if ESNN_THUMB2
    if (words >= 4u) {
        esnn_first_eight(rows, end, sums);
        sums += 8;
        word = 4;
    }
    if (words == 8u) {
        esnn_second_eight(rows, end, sums);
        return;
    }
#endif
    for (; word < words; word += 2u) {
        int32_t a = 0, b = 0, c = 0, d = 0;
        for (const uint32_t **row = rows; row != end; ++row) {
            const uint32_t early = (*row)[word], late = (*row)[word + 1u];
            a += (int16_t)early;
            b += (int32_t)early >> 16;
            c += (int16_t)late;
            d += (int32_t)late >> 16;
        }
        *sums++ = a;
        *sums++ = b;
        *sums++ = c;
        *sums++ = d;
    }
}
