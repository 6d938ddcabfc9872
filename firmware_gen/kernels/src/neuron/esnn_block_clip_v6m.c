#include "esnn_asm.h"
#include "esnn_block.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(4);

/* Two lanes a word; most are neither negative nor above their clip. */
void esnn_block_clip_v6m(const int16_t *sums, const int16_t *clip, int16_t *key, uint32_t entries)
{
    register const int16_t *from __asm__("r0") = sums;
    register const int16_t *limit __asm__("r1") = clip;
    register int16_t *to __asm__("r2") = key;
    register uint32_t tops __asm__("r3") = 0x80008000u; /* kept in r7 */
    register const int16_t *end __asm__("r12") = sums + entries;
    __asm__ volatile(".syntax unified\n"
                     "push {r7}\n"
                     "mov r7, r3\n"
                     "1:\n"
                     "ldmia r0!, {r3}\n"
                     "ldmia r1!, {r4}\n"
                     "movs r5, r3\n"
                     "ands r5, r5, r7\n"
                     "beq 2f\n"
                     "lsrs r6, r5, #15\n" /* negative lanes become 0 */
                     "subs r6, r5, r6\n"
                     "orrs r6, r6, r5\n"
                     "bics r3, r3, r6\n"
                     "2:\n"
                     "adds r5, r3, r7\n" /* bit 15 stays where the sum is not below the clip */
                     "subs r5, r5, r4\n"
                     "ands r5, r5, r7\n"
                     "beq 3f\n"
                     "lsrs r6, r5, #15\n"
                     "subs r5, r5, r6\n"
                     "bics r3, r3, r5\n"
                     "ands r4, r4, r5\n"
                     "orrs r3, r3, r4\n"
                     "3:\n"
                     "stmia r2!, {r3}\n"
                     "cmp r0, r12\n"
                     "bne 1b\n"
                     "pop {r7}\n"
                     : "+r"(from), "+r"(limit), "+r"(to), "+r"(tops)
                     : "r"(end)
                     : "r4", "r5", "r6", "cc", "memory");
}

#endif
