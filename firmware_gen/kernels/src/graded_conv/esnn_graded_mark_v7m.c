#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_THUMB2

ESNN_ASM_STACK(24);

void esnn_graded_mark_v7m(esnn_place_ref_t *to, const esnn_place_ref_t *from, uint32_t lists)
{
    register esnn_place_ref_t *r0 __asm__("r0") = to;
    register const esnn_place_ref_t *r1 __asm__("r1") = from;
    register uint32_t r2 __asm__("r2") = lists;
    __asm__ volatile("push {r4-r6, r8-r10}\n"
                     "b 2f\n"
                     "1:\n"
                     "ldm r1!, {r3-r6, r8-r10, r12}\n"
                     "stm r0!, {r3-r6, r8-r10, r12}\n"
                     "2:\n"
                     "subs r2, r2, #8\n"
                     "bcs 1b\n"
                     "lsls r2, r2, #30\n" /* two and one that are left over */
                     "bcc 3f\n"
                     "ldm r1!, {r3-r6}\n"
                     "stm r0!, {r3-r6}\n"
                     "3:\n"
                     "tst r2, #0x80000000\n"
                     "beq 4f\n"
                     "ldm r1!, {r3, r4}\n"
                     "stm r0!, {r3, r4}\n"
                     "4:\n"
                     "tst r2, #0x40000000\n"
                     "beq 5f\n"
                     "ldr r3, [r1]\n"
                     "str r3, [r0]\n"
                     "5:\n"
                     "pop {r4-r6, r8-r10}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2)
                     :
                     : "r3", "r12", "cc", "memory");
}

#endif
