#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_THUMB1

ESNN_ASM_STACK(16);

void esnn_graded_mark_v6m(esnn_place_ref_t *to, const esnn_place_ref_t *from, uint32_t lists)
{
    register esnn_place_ref_t *r0 __asm__("r0") = to;
    register const esnn_place_ref_t *r1 __asm__("r1") = from;
    register uint32_t r2 __asm__("r2") = lists;
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r7}\n"
                     "b 2f\n"
                     "1:\n"
                     "ldm r1!, {r3-r7}\n"
                     "stm r0!, {r3-r7}\n"
                     "2:\n"
                     "subs r2, #5\n"
                     "bcs 1b\n"
                     "adds r2, #5\n"
                     "beq 4f\n"
                     "3:\n"
                     "ldm r1!, {r3}\n"
                     "stm r0!, {r3}\n"
                     "subs r2, #1\n"
                     "bne 3b\n"
                     "4:\n"
                     "pop {r4-r7}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2)
                     :
                     : "r3", "cc", "memory");
}

#endif
