#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_THUMB2

ESNN_ASM_STACK(16);

/* r0 table, r1 codes, r2 left, r3 entry, r12 next; r4 lists of the code, r5 one of them, r6 its end. */
#define ESNN_ONE()                                                                                                   \
    "ldrb r4, [r1], #1\n"                                                                                            \
    "cbz r4, 2f\n"                                                                                                   \
    "ldr r4, [r0, r4, lsl #2]\n"                                                                                     \
    "1:\n"                                                                                                           \
    "uxtb r5, r4\n"                                                                                                  \
    "ldr r6, [r12, r5, lsl #2]\n"                                                                                    \
    "strh r3, [r6], #2\n"                                                                                            \
    "str r6, [r12, r5, lsl #2]\n"                                                                                    \
    "lsrs r4, r4, #8\n"                                                                                              \
    "bne 1b\n"                                                                                                       \
    "2:\n"                                                                                                           \
    "adds r3, r3, #32\n"

void esnn_graded_list_v7m(const uint32_t *table, const uint8_t *codes, uint32_t count, uint32_t entry,
                          esnn_place_ref_t *next, uint16_t *entries)
{
    (void)entries; /* places are addresses */
    register const uint32_t *r0 __asm__("r0") = table;
    register const uint8_t *r1 __asm__("r1") = codes;
    register uint32_t r2 __asm__("r2") = count;
    register uint32_t r3 __asm__("r3") = entry;
    register esnn_place_ref_t *r12 __asm__("r12") = next;
    __asm__ volatile("push {r4-r6, r8}\n"
                     "b 4f\n"
                     "3:\n" ESNN_ONE() ESNN_ONE() ESNN_ONE() ESNN_ONE() "4:\n"
                                                                        "subs r2, r2, #4\n"
                                                                        "bcs 3b\n"
                                                                        "adds r2, r2, #4\n"
                                                                        "beq 6f\n"
                                                                        "5:\n" ESNN_ONE() "subs r2, r2, #1\n"
                                                                                          "bne 5b\n"
                                                                                          "6:\n"
                                                                                          "pop {r4-r6, r8}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     : "r"(r12)
                     : "cc", "memory");
}

#endif
