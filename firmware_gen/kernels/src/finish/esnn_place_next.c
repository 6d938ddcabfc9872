#include "esnn_finish.h"

void esnn_place_next(const esnn_finish_t *finish, esnn_place_t *place)
{
    if (finish->residual != NULL) {
        place->residual += finish->residual->position_stride;
    }
    if (finish->store != NULL) {
        place->store += finish->store->position_stride;
    }
    if (finish->neuron != NULL) {
        place->spikes += finish->neuron->position_stride;
    }
    if (++place->x == finish->width) {
        place->x = 0;
        ++place->y;
    }
}
