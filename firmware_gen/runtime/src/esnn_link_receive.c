#include "esnn_link.h"

uint32_t esnn_link_receive(esnn_receiver_t *receiver, uint8_t byte)
{
    if (byte != 0) {
        if (receiver->length < ESNN_ENCODED_MAX) {
            receiver->bytes[receiver->length++] = byte;
        } else {
            receiver->overflow = 1;
            receiver->opened = 0; /* too long for a frame: a '%' may end it */
        }
        return 0;
    }
    /* A zero ends whatever came before it, frame or noise, and opens the next frame. */
    uint32_t length = receiver->overflow ? 0 : receiver->length;
    receiver->length = 0;
    receiver->overflow = 0;
    receiver->opened = 1;
    if (length == 0) {
        return 0;
    }
    length = esnn_cobs_decode(receiver->bytes, length);
    if (length < ESNN_HEADER_BYTES + ESNN_CRC_BYTES || length > ESNN_FRAME_MAX) {
        return 0;
    }
    length -= ESNN_CRC_BYTES;
    if (esnn_crc32(0, receiver->bytes, length) != esnn_get_u32(receiver->bytes + length)) {
        return 0;
    }
    return length;
}
