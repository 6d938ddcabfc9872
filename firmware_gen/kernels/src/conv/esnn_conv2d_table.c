#include "esnn_asm.h"
#include "esnn_block.h"
#include "esnn_conv.h"

ESNN_ASM_STACK(36);

/** Rows of the table for the pixels of a window: one for the upper half of each pixel, one for the lower half. */
typedef struct {
    uint16_t *upper, *lower;         /**< where the lists begin */
    uint16_t *upper_end, *lower_end; /**< where they end */
} esnn_halves_t;

/** Lists the window at (y, x); halves that are 0 add nothing and are left out. */
static void esnn_list_halves(const esnn_conv2d_table_t *layer, const uint8_t *image, int32_t y, int32_t x, int32_t at,
                             esnn_halves_t *lists)
{
    uint16_t *upper = lists->upper;
    uint16_t *lower = lists->lower;
    uint32_t skipped = 0; /* rows of the table left of the image: 16 a pixel */
    int32_t begin = 0;    /* bytes of a line of the window that lie left of it, and the end of those that do not */
    int32_t end = layer->window_bytes;
    for (int32_t column = x; column < 0; ++column) {
        ESNN_WALK(begin, layer->shape.position_stride);
        ESNN_WALK(skipped, layer->tap_rows);
    }
    for (int32_t over = x + layer->shape.kernel_width; over > layer->shape.width; --over) {
        ESNN_WALK_BACK(end, layer->shape.position_stride);
    }
    for (int32_t a = layer->shape.kernel_height; a != 0; --a) {
        if ((uint32_t)y < (uint32_t)layer->shape.height) {
            const uint8_t *pixel = image + at + begin;
            const uint8_t *last = image + at + end;
            for (uint32_t row = skipped; pixel != last; row += 16u) {
                const uint32_t value = *pixel++;
                if (value != 0) {
                    if (value >= 16u) {
                        *upper++ = (uint16_t)(row + (value >> 4));
                    }
                    if ((value & 15u) != 0) {
                        *lower++ = (uint16_t)(row + (value & 15u));
                    }
                }
            }
        }
        ++y;
        ESNN_WALK(skipped, layer->line_rows);
        ESNN_WALK(at, layer->shape.line_stride);
    }
    lists->upper_end = upper;
    lists->lower_end = lower;
}

/** sums[8] = sum of the listed rows, two sums a word, as numbers modulo 2^32. */
static void esnn_sum_table_rows(const uint32_t *table, const uint16_t *row, const uint16_t *end, uint32_t *sums)
{
#if ESNN_CHAIN_V6M
    register const uint16_t *r0 __asm__("r0") = row;
    register const uint16_t *r1 __asm__("r1") = end;
    register uint32_t *r2 __asm__("r2") = sums;
    register const uint32_t *r3 __asm__("r3") = table;
    __asm__ volatile(".syntax unified\n"
                     "push {r1, r2, r7}\n"
                     "mov r7, r0\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "mov r8, r4\n"
                     "mov r9, r4\n"
                     "mov r10, r4\n"
                     "mov r11, r4\n"
                     "mov r12, r4\n"
                     "mov lr, r4\n"
                     "b 2f\n"
                     "1:\n"
                     "ldrh r6, [r7]\n"
                     "adds r7, #2\n"
                     "lsls r6, r6, #5\n"
                     "adds r6, r6, r3\n"
                     "ldmia r6!, {r0-r2}\n"
                     "adds r4, r4, r0\n"
                     "adds r5, r5, r1\n"
                     "add r8, r2\n"
                     "ldmia r6!, {r0-r2}\n"
                     "add r9, r0\n"
                     "add r10, r1\n"
                     "add r11, r2\n"
                     "ldmia r6!, {r0, r1}\n"
                     "add r12, r0\n"
                     "add lr, r1\n"
                     "2:\n"
                     "ldr r0, [sp]\n"
                     "cmp r7, r0\n"
                     "bne 1b\n"
                     "pop {r0, r6}\n"
                     "mov r0, r8\n"
                     "mov r1, r9\n"
                     "stmia r6!, {r4, r5}\n"
                     "mov r2, r10\n"
                     "mov r3, r11\n"
                     "mov r4, r12\n"
                     "mov r5, lr\n"
                     "stmia r6!, {r0-r5}\n"
                     "pop {r7}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
#elif ESNN_THUMB2
    register const uint16_t *r0 __asm__("r0") = row;
    register const uint16_t *r1 __asm__("r1") = end;
    register uint32_t *r2 __asm__("r2") = sums;
    register const uint32_t *r3 __asm__("r3") = table;
    /* r0 - r7 hold the sums; r10 a row, r12 goes through the list to r11, lr is the table. */
    __asm__ volatile("push {r2, r4-r11}\n"
                     "mov r12, r0\n"
                     "mov r11, r1\n"
                     "mov lr, r3\n"
                     "movs r0, #0\n"
                     "movs r1, #0\n"
                     "movs r2, #0\n"
                     "movs r3, #0\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "b 2f\n"
                     "1:\n"
                     "ldrh r10, [r12], #2\n"
                     "add r10, lr, r10, lsl #5\n"
                     "ldrd r8, r9, [r10]\n"
                     "add r0, r0, r8\n"
                     "add r1, r1, r9\n"
                     "ldrd r8, r9, [r10, #8]\n"
                     "add r2, r2, r8\n"
                     "add r3, r3, r9\n"
                     "ldrd r8, r9, [r10, #16]\n"
                     "add r4, r4, r8\n"
                     "add r5, r5, r9\n"
                     "ldrd r8, r9, [r10, #24]\n"
                     "add r6, r6, r8\n"
                     "add r7, r7, r9\n"
                     "2:\n"
                     "cmp r12, r11\n"
                     "bne 1b\n"
                     "ldr r8, [sp]\n"
                     "stm r8, {r0-r7}\n"
                     "pop {r2, r4-r11}\n"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "r12", "lr", "cc", "memory");
#else
    uint32_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    while (row != end) {
        const uint32_t *word = table + ((uint32_t)*row++ << 3);
        a += word[0];
        b += word[1];
        c += word[2];
        d += word[3];
        e += word[4];
        f += word[5];
        g += word[6];
        h += word[7];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    sums[4] = e;
    sums[5] = f;
    sums[6] = g;
    sums[7] = h;
#endif
}

/** Sets the bit in the plane of each step at which a current that is the same at every step fires; see esnn_conv.h.
 */
static inline void esnn_fire_static(int32_t current, const int32_t *threshold, uint32_t bit, uint32_t *planes)
{
    if (current < threshold[3u * ESNN_BLOCK]) {
        return;
    }
    if (current >= threshold[0]) {
        planes[0] |= bit;
        planes[1] |= bit;
        planes[2] |= bit;
        planes[3] |= bit;
    } else if (current >= threshold[ESNN_BLOCK]) {
        planes[1] |= bit;
        planes[3] |= bit;
    } else if (current >= threshold[2u * ESNN_BLOCK]) {
        planes[2] |= bit;
    } else {
        planes[3] |= bit;
    }
}

/** Spikes of `channels` channels of one block from its sums of upper and lower halves. */
static uint32_t esnn_block_static(const uint32_t *upper, const uint32_t *lower, const int32_t *bias,
                                  const int32_t *threshold, uint32_t channels, uint32_t *planes)
{
    uint32_t steps[4] = {0, 0, 0, 0};
    const uint32_t behind = 1u << (channels < ESNN_BLOCK ? channels : ESNN_BLOCK);
    for (uint32_t bit = 1; bit < behind; bit <<= 2) {
        const uint32_t u = *upper++;
        const uint32_t v = *lower++;
        const int32_t even = (int32_t)((uint32_t)(int32_t)(int16_t)u << 4) + (int16_t)v + *bias++;
        /* 2^15 makes up for what the lower sum borrowed from the upper one. */
        const uint32_t high = (uint32_t)((int32_t)(u + 0x8000u) >> 16);
        const int32_t odd = (int32_t)(high << 4) + ((int32_t)(v + 0x8000u) >> 16) + *bias++;
        esnn_fire_static(even, threshold++, bit, steps);
        esnn_fire_static(odd, threshold++, bit << 1, steps);
    }
    planes[0] = steps[0] | steps[1] << 16;
    planes[1] = steps[2] | steps[3] << 16;
    return planes[0] | planes[1];
}

/** Spikes go where they belong; those of T = 2 are the first word of planes. */
static inline void esnn_table_emit(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes,
                                   uint32_t any, uint32_t first, uint8_t *arena, uint32_t *counts)
{
    if (finish->timesteps == 2u) {
        esnn_block_emit_two(finish, place, planes, any, first, arena, counts);
    } else {
        esnn_block_emit(finish, place, planes, any, first, arena, counts);
    }
}

/**
 * All blocks of one position.
 *
 * @param black  0, or the planes of a window of black pixels; filled where the window is one, if there is one block.
 */
static void esnn_table_position(const esnn_conv2d_table_t *layer, const esnn_halves_t *lists,
                                const esnn_place_t *place, uint32_t *black, uint8_t *arena, uint32_t *counts)
{
    const uint32_t *table = layer->table;
    const int32_t *bias = layer->bias;
    const int32_t *threshold = layer->threshold;
    const uint32_t is_black =
        lists->upper == lists->upper_end && lists->lower == lists->lower_end && layer->channels <= ESNN_BLOCK;
    if (is_black && black[2] != 0) {
        esnn_table_emit(&layer->finish, place, black, black[0] | black[1], 0, arena, counts);
        return;
    }
    for (uint32_t first = 0; first < layer->channels; first += ESNN_BLOCK) {
        uint32_t upper[ESNN_BLOCK / 2u];
        uint32_t lower[ESNN_BLOCK / 2u];
        uint32_t planes[2];
        esnn_sum_table_rows(table, lists->upper, lists->upper_end, upper);
        esnn_sum_table_rows(table, lists->lower, lists->lower_end, lower);
        const uint32_t any = esnn_block_static(upper, lower, bias, threshold, layer->channels - first, planes);
        esnn_table_emit(&layer->finish, place, planes, any, first, arena, counts);
        if (is_black) {
            black[0] = planes[0];
            black[1] = planes[1];
            black[2] = 1;
        }
        ESNN_WALK(table, layer->block_words);
        bias += ESNN_BLOCK;
        threshold += 4u * ESNN_BLOCK;
    }
}

esnn_status_t esnn_conv2d_table(const esnn_conv2d_table_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    const uint8_t *image = arena + layer->input;
    esnn_halves_t lists = {(uint16_t *)(void *)(arena + layer->scratch_upper),
                           (uint16_t *)(void *)(arena + layer->scratch_lower), NULL, NULL};
    uint32_t black[3] = {0, 0, 0};
    esnn_place_t place;
    esnn_finish_begin(&layer->finish, arena);
    esnn_place_start(&layer->finish, &place);
    for (esnn_view_t view = esnn_view_first(&layer->shape); view.lines != 0; esnn_view_next(&layer->shape, &view)) {
        esnn_list_halves(layer, image, view.y, view.x, view.at, &lists);
        esnn_table_position(layer, &lists, &place, black, arena, counts);
        esnn_place_next(&layer->finish, &place);
    }
    return ESNN_OK;
}
