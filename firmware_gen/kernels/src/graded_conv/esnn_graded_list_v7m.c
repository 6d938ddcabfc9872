#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_THUMB2

ESNN_ASM_STACK(28);

/* r0 table, r1 codes, r2 left in the line, r3 entry, r12 next; r4 lists of the code, r5 one of them, r6 its end. */
#define ESNN_ONE()                                                                                                   \
    "ldrb r4, [r1], #1\n"                                                                                            \
    "cbz r4, 2f\n"                                                                                                   \
    "ldr r4, [r0, r4, lsl #2]\n"                                                                                     \
    "1:\n"                                                                                                           \
    "uxtb r5, r4\n"                                                                                                  \
    "ldr r6, [r12, r5]\n"                                                                                            \
    "strh r3, [r6], #2\n"                                                                                            \
    "str r6, [r12, r5]\n"                                                                                            \
    "lsrs r4, r4, #8\n"                                                                                              \
    "bne 1b\n"                                                                                                       \
    "2:\n"                                                                                                           \
    "adds r3, r3, #32\n"

void esnn_graded_list_v7m(const uint32_t *table, const esnn_part_t *part, uint32_t entry, esnn_place_ref_t *next,
                          uint16_t *entries)
{
    (void)entries; /* places are addresses */
    register const uint32_t *r0 __asm__("r0") = table;
    register const esnn_part_t *r1 __asm__("r1") = part;
    register esnn_place_ref_t *r2 __asm__("r2") = next;
    register uint32_t r3 __asm__("r3") = entry;
    __asm__ volatile("push {r4-r6, r8-r11}\n"
                     "mov r12, r2\n"
                     "ldm r1, {r1, r8, r9, r10}\n" /* codes, codes of a line, lines, bytes from one to the next */
                     "sub r10, r10, r8\n"
                     "3:\n"
                     "mov r2, r8\n"
                     "b 5f\n"
                     "4:\n" ESNN_ONE() ESNN_ONE() ESNN_ONE() ESNN_ONE() "5:\n"
                                                                        "subs r2, r2, #4\n"
                                                                        "bcs 4b\n"
                                                                        "adds r2, r2, #4\n"
                                                                        "beq 7f\n"
                                                                        "6:\n" ESNN_ONE() "subs r2, r2, #1\n"
                                                                                          "bne 6b\n"
                                                                                          "7:\n"
                                                                                          "add r1, r10\n"
                                                                                          "subs r9, r9, #1\n"
                                                                                          "bne 3b\n"
                                                                                          "pop {r4-r6, r8-r11}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "r12", "cc", "memory");
}

_Static_assert(sizeof(esnn_part_t) == 16u, "what is loaded in one go");

#endif
