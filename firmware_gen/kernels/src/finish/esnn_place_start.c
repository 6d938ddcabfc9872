#include "esnn_finish.h"

void esnn_place_start(const esnn_finish_t *finish, esnn_place_t *place)
{
    place->x = 0;
    place->y = 0;
    place->residual = finish->residual != NULL ? finish->residual->offset : 0;
    place->store = finish->store != NULL ? finish->store->offset : 0;
    place->spikes = finish->neuron != NULL ? finish->neuron->offset : 0;
}
