#include "esnn_board.h"
#include "esnn_link.h"

void esnn_link_send(uint8_t *frame, uint32_t length)
{
    esnn_put_u32(frame + length, esnn_crc32(0, frame, length));
    length += ESNN_CRC_BYTES;
    esnn_board_write(0);
    uint32_t at = 0;
    for (;;) {
        /* COBS: the distance to the next zero, then the bytes before it; at most 254 at a time. */
        uint32_t run = 0;
        while (run < 254u && at + run < length && frame[at + run] != 0) {
            ++run;
        }
        esnn_board_write((uint8_t)(run + 1u));
        for (uint32_t i = 0; i < run; ++i) {
            esnn_board_write(frame[at + i]);
        }
        at += run;
        if (at == length) {
            break;
        }
        if (run < 254u) {
            ++at; /* the zero itself */
        }
    }
    esnn_board_write(0);
}
