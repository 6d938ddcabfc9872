#include "esnn_link.h"

void esnn_link_clear(esnn_receiver_t *receiver)
{
    receiver->length = 0;
    receiver->overflow = 0;
    receiver->opened = 0;
}
