#include <string.h>

#include "build_id.h"
#include "esnn_server.h"

static const uint8_t build_id[ESNN_BUILD_ID_BYTES] = ESNN_BUILD_ID;

static uint8_t *esnn_put_text(uint8_t *at, const char *text, uint32_t room)
{
    uint32_t i = 0;
    for (; i < room && text[i] != '\0'; ++i) {
        at[i] = (uint8_t)text[i];
    }
    for (; i < room; ++i) {
        at[i] = 0;
    }
    return at + room;
}

uint8_t *esnn_server_info(const esnn_server_t *server, uint8_t *payload)
{
    uint8_t *at = payload;
    at = esnn_put_u32(at, server->session);
    at = esnn_put_u32(at, ESNN_BOARD_CLOCK_HZ);
    at = esnn_put_u32(at, ESNN_MODEL_ARENA_BYTES);
    at = esnn_put_u32(at, ESNN_MODEL_INPUT_BYTES);
    at = esnn_put_u32(at, esnn_board_flash_bytes());
    at = esnn_put_u32(at, esnn_board_stack_size());
    at = esnn_put_u32(at, esnn_board_stack_used());
    at = esnn_put_u32(at, server->baud);
    at = esnn_put_u16(at, ESNN_CHUNK_BYTES);
    at = esnn_put_u16(at, ESNN_BOARD_WINDOW);
    at = esnn_put_u16(at, ESNN_MODEL_TIMESTEPS);
    at = esnn_put_u16(at, ESNN_MODEL_CLASSES);
    at = esnn_put_u16(at, ESNN_MODEL_STEPS);
    at = esnn_put_u16(at, ESNN_MODEL_COUNTERS);
    at = esnn_put_u16(at, ESNN_RESULT_BYTES);
    at = esnn_put_u16(at, ESNN_FEATURE_TEXT | (ESNN_BOARD_KEEPS_IMAGE ? ESNN_FEATURE_REPEATS : 0u));
    memcpy(at, esnn_model_sha256, 32);
    at += 32;
    memcpy(at, build_id, ESNN_BUILD_ID_BYTES);
    at += ESNN_BUILD_ID_BYTES;
    at = esnn_put_text(at, ESNN_BOARD_NAME, 24);
    at = esnn_put_text(at, ESNN_BOARD_CORE, 16);
    at = esnn_put_text(at, esnn_model_name, 32);
    at = esnn_put_text(at, esnn_board_clock_name(), 16);
    return esnn_put_text(at, esnn_board_clock_unit(), 8);
}
