#include "esnn_server.h"

void esnn_server_start(esnn_server_t *server)
{
    server->baud = ESNN_BOARD_BAUD;
    server->last_byte = esnn_clock_ticks();
    server->last_frame = server->last_byte;
}
