#include "esnn_layout.h"

#include <stddef.h>
#include <string.h>

#include "esnn_build.h"

/** A run, by words where both sides allow it. */
static void esnn_copy_run(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        for (; bytes >= 4u; bytes -= 4u) {
            *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
            to += 4;
            from += 4;
            ESNN_HIDE(to);
        }
    }
    for (; bytes != 0; --bytes) {
        *to++ = *from++;
        ESNN_HIDE(to);
    }
}

static void esnn_copy(const esnn_copy_t *copy, uint8_t *arena)
{
    const uint8_t *from_line = arena + copy->from;
    uint8_t *to_line = arena + copy->to;
    for (uint32_t line = 0; line < copy->lines; ++line) {
        const uint8_t *from = from_line;
        uint8_t *to = to_line;
        for (uint32_t run = 0; run < copy->runs; ++run) {
            if (copy->from_byte == 1u) {
                esnn_copy_run(to, from, copy->bytes);
            } else {
                const uint8_t *at = from;
                for (uint32_t i = 0; i < copy->bytes; ++i) {
                    to[i] = *at;
                    ESNN_WALK(at, copy->from_byte);
                }
            }
            ESNN_WALK(from, copy->from_run);
            ESNN_WALK(to, copy->to_run);
        }
        ESNN_WALK(from_line, copy->from_line);
        ESNN_WALK(to_line, copy->to_line);
    }
}

esnn_status_t esnn_layout(const esnn_layout_t *layer, uint8_t *arena, uint32_t *counts)
{
    if (layer == NULL || arena == NULL || counts == NULL) {
        return ESNN_ERROR_ARGUMENT;
    }
    if (layer->output_bytes != 0) {
        memset(arena + layer->output, layer->fill, layer->output_bytes);
    }
    const esnn_copy_t *copy = layer->copies;
    for (uint32_t i = layer->count; i != 0; --i) {
        esnn_copy(copy++, arena);
        ESNN_HIDE(copy);
    }
    return ESNN_OK;
}
