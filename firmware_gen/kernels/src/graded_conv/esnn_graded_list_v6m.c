#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_THUMB1

ESNN_ASM_STACK(28);

/* r0 table, r1 codes, r2 left in the line, r3 entry, r4 next; r5 lists of the code, r6 one of them, r7 its end. */
#define ESNN_ONE(at)                                                                                                 \
    "ldrb r5, [r1, #" at "]\n"                                                                                       \
    "lsls r5, r5, #2\n"                                                                                              \
    "beq 2f\n"                                                                                                       \
    "ldr r5, [r0, r5]\n"                                                                                             \
    "1:\n"                                                                                                           \
    "uxtb r6, r5\n"                                                                                                  \
    "ldr r7, [r4, r6]\n"                                                                                             \
    "strh r3, [r7]\n"                                                                                                \
    "adds r7, #2\n"                                                                                                  \
    "str r7, [r4, r6]\n"                                                                                             \
    "lsrs r5, r5, #8\n"                                                                                              \
    "bne 1b\n"                                                                                                       \
    "2:\n"                                                                                                           \
    "adds r3, #32\n"

void esnn_graded_list_v6m(const uint32_t *table, const esnn_part_t *part, uint32_t entry, esnn_place_ref_t *next,
                          uint16_t *entries)
{
    (void)entries; /* places are addresses */
    register const uint32_t *r0 __asm__("r0") = table;
    register const esnn_part_t *r1 __asm__("r1") = part;
    register esnn_place_ref_t *r2 __asm__("r2") = next;
    register uint32_t r3 __asm__("r3") = entry;
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r7}\n"
                     "mov r4, r2\n"
                     "ldm r1!, {r2, r5, r6, r7}\n" /* codes, codes of a line, lines, bytes from one to the next */
                     "mov r1, r2\n"
                     "subs r7, r7, r5\n"
                     "push {r5-r7}\n"
                     "3:\n"
                     "ldr r2, [sp]\n"
                     "b 5f\n"
                     "4:\n" ESNN_ONE("0") ESNN_ONE("1") ESNN_ONE("2")
                         ESNN_ONE("3") "adds r1, #4\n"
                                       "5:\n"
                                       "subs r2, #4\n"
                                       "bcs 4b\n"
                                       "adds r2, #4\n"
                                       "beq 7f\n"
                                       "6:\n" ESNN_ONE("0") "adds r1, #1\n"
                                                            "subs r2, #1\n"
                                                            "bne 6b\n"
                                                            "7:\n"
                                                            "ldr r5, [sp, #8]\n"
                                                            "adds r1, r1, r5\n"
                                                            "ldr r5, [sp, #4]\n"
                                                            "subs r5, #1\n"
                                                            "str r5, [sp, #4]\n"
                                                            "bne 3b\n"
                                                            "pop {r5-r7}\n"
                                                            "pop {r4-r7}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "cc", "memory");
}

_Static_assert(sizeof(esnn_part_t) == 16u, "what is loaded in one go");

#endif
