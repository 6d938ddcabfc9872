#include "esnn_server.h"

/** What a silence ends: half a frame whose host is gone, and a baud rate that nobody uses. */
static void esnn_after_silence(esnn_server_t *server)
{
    const uint64_t now = esnn_clock_ticks();
    if (server->receiver.opened && now - server->last_byte > ESNN_GAP_TICKS) {
        esnn_link_clear(&server->receiver); /* only frames: people type text slowly */
    }
    if (server->baud != ESNN_BOARD_BAUD && now - server->last_frame > ESNN_BAUD_TICKS) {
        esnn_board_set_rate(esnn_board_rate(ESNN_BOARD_BAUD));
        server->baud = ESNN_BOARD_BAUD;
        esnn_link_clear(&server->receiver);
    }
}

void esnn_server_byte(esnn_server_t *server, uint8_t byte)
{
    esnn_after_silence(server);
    const uint32_t length = esnn_link_receive(&server->receiver, byte);
    if (length != 0) {
        esnn_server_frame(server, length);
        server->last_frame = esnn_clock_ticks();
    } else if (byte == '%' && esnn_link_is_text(&server->receiver)) {
        esnn_server_text(server);
    }
    server->last_byte = esnn_clock_ticks();
}
