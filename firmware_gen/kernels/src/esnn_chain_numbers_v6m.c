#include "esnn_v6m.h"

#if ESNN_CHAIN_V6M

/**
 * Part of a list. r8-r11, r4, r5, r12, lr hold eight pairs of sums; r7 walks the list, r3 is where the weights begin.
 * A row costs 14 instructions: its number, its address (an end mark, -1, carries out of the addition), three LDM and
 * eight additions.
 */
#define ESNN_PART                                                                                                    \
    "ldmia r7!, {r6}\n"                                                                                              \
    "adds r6, r6, r3\n"                                                                                              \
    "bcs 2f\n"                                                                                                       \
    "1:\n"                                                                                                           \
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
    "add lr, r1\n"                                                                                                   \
    "ldmia r7!, {r6}\n"                                                                                              \
    "adds r6, r6, r3\n"                                                                                              \
    "bcc 1b\n"                                                                                                       \
    "2:\n"

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

#define ESNN_SAVE "ldr r6, %[trunk]\n" ESNN_STORE

#define ESNN_RESTORE                                                                                                 \
    "ldr r6, %[trunk]\n"                                                                                             \
    "ldmia r6!, {r0-r5}\n"                                                                                           \
    "mov r8, r0\n"                                                                                                   \
    "mov r9, r1\n"                                                                                                   \
    "mov r10, r2\n"                                                                                                  \
    "mov r11, r3\n"                                                                                                  \
    "ldmia r6!, {r0, r1}\n"                                                                                          \
    "mov r12, r0\n"                                                                                                  \
    "mov lr, r1\n"

/** All sums to where those of a place go; `at` is four times its number. */
#define ESNN_PLACE(at)                                                                                               \
    "ldr r6, %[out]\n"                                                                                               \
    "ldr r6, [r6, #" at "]\n" ESNN_STORE

/** Biases: flipping bit 15 of a pair of lanes makes it its number plus 2^15, which the offset makes up for. */
#define ESNN_BEGIN                                                                                                   \
    "ldr r6, %[bias]\n"                                                                                              \
    "ldr r7, %[offset]\n"                                                                                            \
    "movs r3, #128\n"                                                                                                \
    "lsls r3, r3, #8\n"                                                                                              \
    "ldmia r6!, {r0-r2}\n" ESNN_NUMBER("r0") ESNN_NUMBER("r1") ESNN_NUMBER("r2") "mov r8, r0\n"                      \
                                                                                "mov r9, r1\n"                       \
                                                                                "mov r10, r2\n"                      \
    "ldmia r6!, {r0, r4, r5}\n" ESNN_NUMBER("r0") ESNN_NUMBER("r4") ESNN_NUMBER("r5") "mov r11, r0\n"                \
    "ldmia r6!, {r0, r1}\n" ESNN_NUMBER("r0") ESNN_NUMBER("r1") "mov r12, r0\n"                                      \
                                                                "mov lr, r1\n"
#define ESNN_NUMBER(pair)                                                                                            \
    "eors " pair ", " pair ", r3\n"                                                                                  \
    "adds " pair ", " pair ", r7\n"

#define ESNN_CLOBBERS                                                                                                \
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

/** A branch of the only list; nothing is saved for an empty one. */
#define ESNN_BRANCH(at)                                                                                              \
    "ldr r6, [r7]\n"                                                                                                 \
    "adds r6, r6, r3\n"                                                                                              \
    "bcc 3f\n"                                                                                                       \
    "adds r7, #4\n" ESNN_PLACE(at) "b 4f\n"                                                                          \
                                   "3:\n" ESNN_SAVE "ldr r3, %[weights]\n" ESNN_PART ESNN_PLACE(at) ESNN_RESTORE     \
                                   "4:\n"                                                                            \
                                   "ldr r3, %[weights]\n" ESNN_PART

static void esnn_one_list(const esnn_walk_t *walk, const uint32_t *weights, const int16_t *bias, uint32_t offset)
{
    uint32_t room[ESNN_BLOCK / 2u];
    uint32_t *trunk = room;
    uint32_t *const *out = walk->out;
    const int32_t *list = walk->list[0];
    __asm__ volatile(".syntax unified\n" ESNN_BEGIN "ldr r3, %[weights]\n"
                     "ldr r7, %[list]\n" ESNN_PART ESNN_BRANCH("0") ESNN_BRANCH("4") ESNN_BRANCH("8") ESNN_PLACE("12")
                     :
                     : [list] "m"(list), [weights] "m"(weights), [bias] "m"(bias), [offset] "m"(offset),
                       [trunk] "m"(trunk), [out] "m"(out)
                     : ESNN_CLOBBERS);
}

/** A part of each of three lists. */
#define ESNN_COLUMN(list, weights)                                                                                   \
    "ldr r7, " list "\n"                                                                                             \
    "ldr r3, " weights "\n" ESNN_PART "str r7, " list "\n"
#define ESNN_PARTS                                                                                                   \
    ESNN_COLUMN("%[left]", "%[left_weights]") ESNN_COLUMN("%[middle]", "%[middle_weights]")                          \
    ESNN_COLUMN("%[right]", "%[right_weights]")

static void esnn_three_lists(const esnn_walk_t *walk, const uint32_t *weights, const int16_t *bias, uint32_t offset)
{
    uint32_t room[ESNN_BLOCK / 2u];
    uint32_t *trunk = room;
    uint32_t *const *out = walk->out;
    const int32_t *left = walk->list[0], *middle = walk->list[1], *right = walk->list[2];
    const uint32_t *middle_weights = weights + walk->column_words;
    const uint32_t *right_weights = middle_weights + walk->column_words;
    __asm__ volatile(".syntax unified\n" ESNN_BEGIN ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("0") ESNN_RESTORE
                         ESNN_PARTS ESNN_SAVE ESNN_PARTS ESNN_PLACE("4") ESNN_RESTORE ESNN_PARTS ESNN_SAVE ESNN_PARTS
                             ESNN_PLACE("8") ESNN_RESTORE ESNN_PARTS ESNN_PLACE("12")
                     : [left] "+m"(left), [middle] "+m"(middle), [right] "+m"(right)
                     : [left_weights] "m"(weights), [middle_weights] "m"(middle_weights),
                       [right_weights] "m"(right_weights), [bias] "m"(bias), [offset] "m"(offset), [trunk] "m"(trunk),
                       [out] "m"(out)
                     : ESNN_CLOBBERS);
}

/** The next part of all lists, of any number. */
static void esnn_any_part(esnn_walk_t *walk, const uint32_t *weights, uint32_t *numbers)
{
    for (uint32_t i = 0; i < walk->lists; ++i) {
        const int32_t *list = walk->list[i];
        int32_t row;
        while ((row = *list++) >= 0) {
            const uint32_t *word = (const uint32_t *)(const void *)((const uint8_t *)weights + row);
            for (uint32_t k = 0; k < ESNN_BLOCK / 2u; ++k) {
                numbers[k] += word[k];
            }
        }
        walk->list[i] = list;
        weights += walk->column_words;
    }
}

/** Any number of places and lists. */
static void esnn_any_lists(uint32_t places, esnn_walk_t walk, const uint32_t *weights, const int16_t *bias,
                           uint32_t offset)
{
    const uint32_t *pairs = (const uint32_t *)(const void *)bias;
    uint32_t trunk[ESNN_BLOCK / 2u];
    for (uint32_t k = 0; k < ESNN_BLOCK / 2u; ++k) {
        trunk[k] = (pairs[k] ^ 0x8000u) + offset;
    }
    for (uint32_t i = 0; i < places; ++i) {
        uint32_t *out = walk.out[i];
        esnn_any_part(&walk, weights, trunk);
        for (uint32_t k = 0; k < ESNN_BLOCK / 2u; ++k) {
            out[k] = trunk[k];
        }
        if (i + 1u != places) {
            esnn_any_part(&walk, weights, out);
        }
    }
}

void esnn_chain_numbers_v6m(const esnn_chain_t *chain, const esnn_walk_t *walk, const uint32_t *weights,
                            const int16_t *bias, uint32_t offset)
{
    offset -= 0x8000u;
    if (chain->places == 4u && walk->lists == 3u) {
        esnn_three_lists(walk, weights, bias, offset);
    } else if (chain->places == 4u && walk->lists == 1u) {
        esnn_one_list(walk, weights, bias, offset);
    } else {
        esnn_any_lists(chain->places, *walk, weights, bias, offset);
    }
}

#endif
