#include "esnn_text.h"

uint8_t *esnn_text_image(esnn_server_t *server)
{
#if ESNN_BOARD_KEEPS_IMAGE
    return server->kept;
#else
    return server->arena + ESNN_MODEL_INPUT_OFFSET; /* the inference overwrites it */
#endif
}
