#include "esnn_chain.h"

#if ESNN_CHAIN_V6M

/**
 * Part of a list. r8-r11, r4, r5, r12, lr hold eight pairs of sums; r7 walks the list, r3 is where the weights begin.
 * A row costs 14 instructions: its number, its address (an end mark, -1, carries out of the addition), three LDM and
 * eight additions.
 */
#define ESNN_PART(label)                                                                                             \
    "b " label "f\n" label "0:\n"                                                                                    \
    "ldmia r6!, {r0-r2}\n"                                                                                           \
    "add r8, r0\n"                                                                                                   \
    "add r9, r1\n"                                                                                                   \
    "add r10, r2\n"                                                                                                  \
    "ldmia r6!, {r0-r2}\n"                                                                                           \
    "add r11, r0\n"                                                                                                  \
    "adds r4, r4, r1\n"                                                                                              \
    "adds r5, r5, r2\n"                                                                                              \
    "ldmia r6!, {r0, r1}\n"                                                                                          \
    "add r12, r0\n"                                                                                                  \
    "add lr, r1\n" label ":\n"                                                                                       \
    "ldmia r7!, {r6}\n"                                                                                              \
    "adds r6, r6, r3\n"                                                                                              \
    "bcc " label "0b\n"

/** All sums to where r6 points. */
#define ESNN_STORE                                                                                                   \
    "mov r0, r8\n"                                                                                                   \
    "mov r1, r9\n"                                                                                                   \
    "mov r2, r10\n"                                                                                                  \
    "mov r3, r11\n"                                                                                                  \
    "stmia r6!, {r0-r5}\n"                                                                                           \
    "mov r0, r12\n"                                                                                                  \
    "mov r1, lr\n"                                                                                                   \
    "stmia r6!, {r0, r1}\n"

/** All sums from where r6 points. */
#define ESNN_LOAD                                                                                                    \
    "ldmia r6!, {r0-r5}\n"                                                                                           \
    "mov r8, r0\n"                                                                                                   \
    "mov r9, r1\n"                                                                                                   \
    "mov r10, r2\n"                                                                                                  \
    "mov r11, r3\n"                                                                                                  \
    "ldmia r6!, {r0, r1}\n"                                                                                          \
    "mov r12, r0\n"                                                                                                  \
    "mov lr, r1\n"

/** r6 = where the sums of the next place go. */
#define ESNN_PLACE                                                                                                   \
    "ldr r6, %[place]\n"                                                                                             \
    "ldmia r6!, {r0}\n"                                                                                              \
    "str r6, %[place]\n"                                                                                             \
    "lsls r0, r0, #1\n"                                                                                              \
    "ldr r6, %[numbers]\n"                                                                                           \
    "adds r6, r6, r0\n"

void esnn_chain_numbers_v6m(const esnn_chain_t *chain, const uint32_t *weights, const int16_t *bias,
                            const int32_t *list, uint32_t offset, uint32_t *numbers)
{
    uint32_t trunk[ESNN_BLOCK / 2u];
    const uint32_t *pairs = (const uint32_t *)(const void *)bias;
    /* Flipping bit 15 of a pair of lanes makes it its number plus 2^15. */
    offset -= 0x8000u;
    for (uint32_t i = 0; i < ESNN_BLOCK / 2u; ++i) {
        trunk[i] = (pairs[i] ^ 0x8000u) + offset;
    }
    const uint32_t *place = chain->sum;
    uint32_t left = chain->places;
    const uint32_t *start = trunk;
    __asm__ volatile(".syntax unified\n"
                     "ldr r7, %[list]\n"
                     "ldr r6, %[start]\n" ESNN_LOAD "1:\n"
                     "ldr r3, %[weights]\n" ESNN_PART("2")
                     /* the last place is the trunk itself */
                     "ldr r0, %[left]\n"
                     "subs r0, #1\n"
                     "beq 5f\n"
                     "str r0, %[left]\n"
                     "ldr r6, [r7]\n"
                     "adds r6, r6, r3\n"
                     "bcc 3f\n"
                     "adds r7, #4\n" /* an empty branch */
                     ESNN_PLACE ESNN_STORE "b 1b\n"
                     "3:\n"
                     "ldr r6, %[start]\n" ESNN_STORE "ldr r3, %[weights]\n" ESNN_PART("4") ESNN_PLACE ESNN_STORE
                     "ldr r6, %[start]\n" ESNN_LOAD "b 1b\n"
                     "5:\n" ESNN_PLACE ESNN_STORE
                     : [place] "+m"(place), [left] "+m"(left)
                     : [list] "m"(list), [start] "m"(start), [weights] "m"(weights), [numbers] "m"(numbers)
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",
                       "memory");
}

#endif
