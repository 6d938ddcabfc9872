#include "esnn_link.h"

uint32_t esnn_link_is_text(const esnn_receiver_t *receiver)
{
    if (!receiver->opened) {
        return 1;
    }
    return receiver->length >= 2 && (receiver->bytes[1] == 0 || receiver->bytes[1] > ESNN_VERSION_LAST);
}
