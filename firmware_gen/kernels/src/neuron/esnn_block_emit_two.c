#include "esnn_block_emit.h"

void esnn_block_emit_two(const esnn_finish_t *finish, const esnn_place_t *place, const uint32_t *planes, uint32_t any,
                         uint32_t first, uint8_t *arena, uint32_t *counts)
{
    esnn_emit_planes(finish, place, planes, 1, any, first, arena, counts);
}
