#include "esnn_block.h"

#if ESNN_CHAIN_DSP
/** The larger of two lanes each, of r9 - r12 at `to` and what follows at `from`. GE of a lane: to - from >= 0. */
#define ESNN_MAX                                                                                                     \
    "ldm %[from]!, {r4-r6, r8}\n"                                                                                    \
    "ldm %[to], {r9-r12}\n"                                                                                          \
    "ssub16 lr, r9, r4\n"                                                                                            \
    "sel r9, r9, r4\n"                                                                                               \
    "ssub16 lr, r10, r5\n"                                                                                           \
    "sel r10, r10, r5\n"                                                                                             \
    "ssub16 lr, r11, r6\n"                                                                                           \
    "sel r11, r11, r6\n"                                                                                             \
    "ssub16 lr, r12, r8\n"                                                                                           \
    "sel r12, r12, r8\n"                                                                                             \
    "stm %[to]!, {r9-r12}\n"
#endif

/** to[ESNN_BLOCK] = the larger of to and from, lane by lane, at `steps` steps; `to` lies `stride` bytes apart. */
static inline void esnn_max_lanes(uint8_t *to, const int16_t *from, uint32_t steps, uint32_t stride)
{
#if ESNN_CHAIN_DSP
    __asm__ volatile("0:\n" ESNN_MAX ESNN_MAX "add %[to], %[to], %[skip]\n"
                     "subs %[steps], %[steps], #1\n"
                     "bne 0b\n"
                     : [to] "+r"(to), [from] "+r"(from), [steps] "+r"(steps)
                     : [skip] "r"(stride - 2u * ESNN_BLOCK)
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
#else
    for (; steps != 0; --steps) {
        int16_t *most = (int16_t *)(void *)to;
        for (uint32_t c = ESNN_BLOCK; c != 0; --c) {
            const int32_t value = *from++;
            if (value > *most) {
                *most = (int16_t)value;
            }
            ++most;
        }
        ESNN_WALK(to, stride);
    }
#endif
}

void esnn_block_pool(const esnn_finish_t *finish, const esnn_place_t *place, const int16_t *sums, uint32_t first,
                     uint8_t *arena)
{
    const esnn_stream_t *pooled = finish->pooled;
    const esnn_window_t *window = finish->pooled_window;
    esnn_windows_t in = esnn_windows(window, place, arena + pooled->offset + (first << 1));
    for (; in.rows != 0; --in.rows) {
        uint8_t *position = in.line;
        for (uint32_t j = in.columns; j != 0; --j) {
            esnn_max_lanes(position, sums, finish->steps, pooled->step_stride);
            ESNN_WALK(position, window->position_stride);
        }
        ESNN_WALK(in.line, window->row_stride);
    }
}
