#include "esnn_server.h"

/* All of the firmware's memory is here: nothing else keeps state, but for the clock. */
static struct {
    uint64_t arena[(ESNN_MODEL_ARENA_BYTES + 7u) / 8u];
    esnn_server_t server;
} memory;

int main(void)
{
    esnn_board_init();
    memory.server.arena = (uint8_t *)memory.arena;
    esnn_server_start(&memory.server);
    for (;;) {
        const int32_t byte = esnn_board_read();
        if (byte < 0) {
            return 0;
        }
        esnn_server_byte(&memory.server, (uint8_t)byte);
    }
}
