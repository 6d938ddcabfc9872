#include "esnn_asm.h"
#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

ESNN_ASM_STACK(4);

/** Bytes from the row of input 0 to that of the lowest bit of a byte. */
#define AT(bit) (uint8_t)((bit) << 5)
#define TWO(bit) AT(bit), AT(0)
#define FOUR(bit) TWO(bit), TWO(1)
#define EIGHT(bit) FOUR(bit), FOUR(2)
#define SIXTEEN(bit) EIGHT(bit), EIGHT(3)
#define HALF(bit) SIXTEEN(bit), SIXTEEN(4)
#define QUARTERS(bit) HALF(bit), HALF(5)
static const uint8_t lowest[256] = {QUARTERS(0), QUARTERS(6), QUARTERS(7), QUARTERS(6)};

void esnn_chain_list_v6m(const esnn_chain_t *chain, const uint32_t *masks, const uint32_t *end, uint32_t eight,
                         int32_t *list)
{
    register int32_t *next __asm__("r1") = list;
    register const uint8_t *table __asm__("r2") = lowest;
    register const uint32_t *begin __asm__("r8") = masks;
    register const uint32_t *last __asm__("r9") = end;
    register uint32_t parts __asm__("r10") = chain->places << 3;
    register uint32_t byte __asm__("r11") = eight;
    register uint32_t stride __asm__("r12") = parts;
    /* r7 is what follows the first row: bytes to the masks of the part. */
    __asm__ volatile(".syntax unified\n"
                     "push {r7}\n"
                     "movs r7, #4\n"
                     "movs r3, #0\n"
                     "1:\n" /* a part */
                     "mov r0, r8\n"
                     "cmp r0, r9\n"
                     "beq 6f\n"
                     "2:\n" /* a word of masks */
                     "ldr r3, [r0, r7]\n"
                     "cmp r3, #0\n"
                     "beq 5f\n"
                     "ldr r5, [r0]\n"
                     "lsls r5, r5, #5\n"
                     "3:\n"
                     "lsls r4, r3, #24\n"
                     "beq 4f\n"
                     "lsrs r4, r4, #24\n"
                     "7:\n" /* a bit */
                     "ldrb r6, [r2, r4]\n"
                     "adds r6, r6, r5\n"
                     "stmia r1!, {r6}\n"
                     "subs r6, r4, #1\n"
                     "ands r4, r4, r6\n"
                     "bne 7b\n"
                     "4:\n"
                     "add r5, r11\n"
                     "lsrs r3, r3, #8\n"
                     "bne 3b\n"
                     "5:\n"
                     "add r0, r12\n"
                     "cmp r0, r9\n"
                     "bne 2b\n"
                     "6:\n"
                     "mvns r6, r3\n" /* whatever came before left 0 */
                     "stmia r1!, {r6}\n"
                     "adds r7, #4\n"
                     "cmp r7, r10\n"
                     "bne 1b\n"
                     "pop {r7}\n"
                     : "+r"(next)
                     : "r"(table), "r"(begin), "r"(last), "r"(parts), "r"(byte), "r"(stride)
                     : "r0", "r3", "r4", "r5", "r6", "cc", "memory");
}

#endif
