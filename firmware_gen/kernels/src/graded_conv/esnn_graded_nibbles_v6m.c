#include "esnn_asm.h"
#include "esnn_graded_conv.h"

#if ESNN_THUMB1

ESNN_ASM_STACK(32);

/* r0 codes, r1 left in the line, r2 ends of the lists, r3 entry, r4 lower list, r5 upper list, r6 half of a code. */
void esnn_graded_nibbles_v6m(const esnn_part_t *part, uint32_t entry, esnn_place_ref_t *next, uint16_t *entries)
{
    (void)entries; /* places are addresses */
    register const esnn_part_t *r0 __asm__("r0") = part;
    register uint32_t r1 __asm__("r1") = entry - ESNN_ROW_UNIT; /* there is no row of halves of 0 */
    register esnn_place_ref_t *r2 __asm__("r2") = next;
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r7}\n"
                     "mov r3, r1\n"
                     "ldr r4, [r2, #4]\n"
                     "ldr r5, [r2, #8]\n"
                     "ldm r0!, {r1, r6, r7}\n" /* codes, codes of a line, lines */
                     "ldr r0, [r0]\n"          /* bytes from one to the next */
                     "subs r0, r0, r6\n"
                     "push {r0, r2, r6, r7}\n"
                     "mov r0, r1\n"
                     "movs r7, #240\n"
                     "adds r7, r7, r7\n" /* an input has 15 rows of 32 bytes */
                     "1:\n"
                     "ldr r1, [sp, #8]\n"
                     "2:\n"
                     "ldrb r2, [r0]\n"
                     "adds r0, #1\n"
                     "lsrs r6, r2, #4\n"
                     "beq 3f\n"
                     "lsls r6, r6, #5\n"
                     "adds r6, r6, r3\n"
                     "strh r6, [r5]\n"
                     "adds r5, #2\n"
                     "3:\n"
                     "lsls r2, r2, #28\n"
                     "beq 4f\n"
                     "lsrs r2, r2, #23\n"
                     "adds r2, r2, r3\n"
                     "strh r2, [r4]\n"
                     "adds r4, #2\n"
                     "4:\n"
                     "adds r3, r3, r7\n"
                     "subs r1, #1\n"
                     "bne 2b\n"
                     "ldr r1, [sp]\n"
                     "adds r0, r0, r1\n"
                     "ldr r1, [sp, #12]\n"
                     "subs r1, #1\n"
                     "str r1, [sp, #12]\n"
                     "bne 1b\n"
                     "pop {r0, r2, r6, r7}\n"
                     "str r4, [r2, #4]\n"
                     "str r5, [r2, #8]\n"
                     "pop {r4-r7}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2)
                     :
                     : "r3", "cc", "memory");
}

_Static_assert(sizeof(esnn_part_t) == 16u, "what is loaded in one go");

#endif
