#include "esnn_asm.h"
#include "esnn_v7m.h"

#if ESNN_CHAIN_V7M

ESNN_ASM_STACK(4);

/**
 * The larger of two lanes of 15 bits each. (a | 2^15) - b has bit 15 of a lane set where a >= b; then the others are
 * a - b.
 */
#define ESNN_LARGER(a, b)                                                                                            \
    "orr r3, " a ", #0x80008000\n"                                                                                   \
    "sub r3, r3, " b "\n"                                                                                            \
    "and lr, r3, #0x80008000\n"                                                                                      \
    "sub lr, lr, lr, lsr #15\n"                                                                                      \
    "and r3, r3, lr\n"                                                                                               \
    "add " a ", " b ", r3\n"

#define ESNN_FOUR                                                                                                    \
    "ldm r1!, {r4-r6, r8}\n"                                                                                         \
    "ldm r0, {r9-r12}\n" ESNN_LARGER("r9", "r4") ESNN_LARGER("r10", "r5") ESNN_LARGER("r11", "r6")                   \
        ESNN_LARGER("r12", "r8") "stm r0!, {r9-r12}\n"

/** to[ESNN_BLOCK] = the larger of to and from, at `steps` steps; `to` lies `stride` bytes apart. */
static void esnn_raise(uint8_t *to, const uint32_t *from, uint32_t steps, uint32_t stride)
{
    register uint8_t *at __asm__("r0") = to;
    register const uint32_t *next __asm__("r1") = from;
    register uint32_t skip __asm__("r2") = stride - 2u * ESNN_BLOCK;
    register const uint32_t *end __asm__("r3") = from + (steps << 3);
    __asm__ volatile("push {r3}\n"
                     "0:\n" ESNN_FOUR ESNN_FOUR "add r0, r0, r2\n"
                     "ldr r3, [sp]\n"
                     "cmp r1, r3\n"
                     "bne 0b\n"
                     "pop {r3}\n"
                     : "+r"(at), "+r"(next), "+r"(end)
                     : "r"(skip)
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

void esnn_chain_pool_v7m(const esnn_chain_t *chain, const esnn_finish_t *finish, const esnn_place_t *place,
                         uint8_t *arena)
{
    const esnn_stream_t *pooled = finish->pooled;
    const esnn_window_t *window = finish->pooled_window;
    const esnn_runs_t *runs = (const esnn_runs_t *)(const void *)(arena + chain->runs);
    uint32_t *totals = (uint32_t *)(void *)(arena + chain->totals);
    const uint32_t *sums = (const uint32_t *)(const void *)(arena + chain->sums);
    const uint32_t *weights = chain->weights + esnn_row_words(chain, runs->rows);
    const int16_t *bias = chain->bias;
    const esnn_windows_t in = esnn_windows(window, place, arena + pooled->offset);
    uint8_t *block = in.line;
    if (ESNN_CHAIN_TOTALS) {
        esnn_chain_lacks(totals, chain->places);
    }
    for (uint32_t left = chain->blocks; left != 0; --left) {
        esnn_chain_numbers_v7m(chain, weights, bias, runs, totals);
        uint8_t *line = block;
        for (uint32_t i = in.rows; i != 0; --i) {
            uint8_t *position = line;
            for (uint32_t j = in.columns; j != 0; --j) {
                esnn_raise(position, sums, finish->steps, pooled->step_stride);
                ESNN_WALK(position, window->position_stride);
            }
            ESNN_WALK(line, window->row_stride);
        }
        ESNN_WALK(weights, chain->block_words);
        bias += ESNN_BLOCK;
        block += 2u * ESNN_BLOCK;
    }
}

#endif
