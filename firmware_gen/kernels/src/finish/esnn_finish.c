#include "esnn_finish.h"

#include "esnn_neuron.h"
#include "esnn_pool.h"
#include "esnn_residual.h"

void esnn_finish(const esnn_finish_t *finish, const esnn_place_t *place, int32_t *acc, uint32_t stride,
                 uint32_t first, uint32_t channels, uint8_t *arena, uint32_t *counts)
{
    if (finish->residual != NULL) {
        esnn_residual_add(finish, place->residual, acc, stride, first, channels, arena);
    }
    if (finish->store != NULL) {
        esnn_residual_store(finish, place->store, acc, stride, first, channels, arena);
    }
    if (finish->pooled != NULL) {
        esnn_pool_max(finish, place, acc, stride, first, channels, arena);
    }
    if (finish->neuron != NULL) {
        esnn_neuron(finish, place, acc, stride, first, channels, arena, counts);
    }
}
