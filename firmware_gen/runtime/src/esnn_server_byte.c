#include <string.h>

#include "esnn_board.h"
#include "esnn_server.h"

/** Lengths of the fixed parts of the payloads. */
enum { SESSION_BYTES = 4, WRITE_BYTES = 12, RUN_BYTES = 12, RESULT_BYTES = 12, READ_BYTES = 16, TRACE_BYTES = 20 };

static void esnn_reply(esnn_server_t *server, uint8_t type, const uint8_t *end)
{
    server->reply[0] = ESNN_PROTOCOL_VERSION;
    server->reply[1] = type;
    server->reply[2] = server->receiver.bytes[2]; /* the sequence number comes back */
    server->reply[3] = server->receiver.bytes[3];
    esnn_link_send(server->reply, (uint32_t)(end - server->reply));
}

static void esnn_refuse(esnn_server_t *server, uint8_t request, esnn_link_error_t error)
{
    server->reply[ESNN_HEADER_BYTES] = (uint8_t)error;
    server->reply[ESNN_HEADER_BYTES + 1] = request;
    esnn_reply(server, ESNN_REPLY_ERROR, server->reply + ESNN_HEADER_BYTES + 2);
}

/** WRITE: session, index, offset (4 each), bytes. */
static uint32_t esnn_on_write(esnn_server_t *server, const uint8_t *payload, uint32_t length, uint8_t **end)
{
    const uint32_t index = esnn_get_u32(payload + 4);
    const uint32_t offset = esnn_get_u32(payload + 8);
    const uint32_t bytes = length - WRITE_BYTES;
    if (offset > ESNN_MODEL_INPUT_BYTES || bytes > ESNN_MODEL_INPUT_BYTES - offset) {
        return ESNN_LINK_RANGE;
    }
    memcpy(server->arena + ESNN_MODEL_INPUT_OFFSET + offset, payload + WRITE_BYTES, bytes);
    server->image_index = index;
    server->has_image = 1;
    *end = esnn_put_u32(*end, index);
    *end = esnn_put_u32(*end, offset + bytes);
    return 0;
}

/** RUN: session, index, CRC-32 of the image. A repeated request for a finished image is answered again. */
static uint32_t esnn_on_run(esnn_server_t *server, const uint8_t *payload, uint8_t **end)
{
    const uint32_t index = esnn_get_u32(payload + 4);
    const uint32_t crc = esnn_get_u32(payload + 8);
    const uint8_t *image = server->arena + ESNN_MODEL_INPUT_OFFSET;
    if (!server->has_result || server->result_index != index || server->result_crc != crc || server->has_image) {
        server->has_result = 0;
        if (!server->has_image || server->image_index != index ||
            esnn_crc32(0, image, ESNN_MODEL_INPUT_BYTES) != crc) {
            return ESNN_LINK_IMAGE;
        }
        server->has_image = 0;
        server->traced_steps = 0;
        esnn_board_clock_restart();
        if (esnn_model_infer(server->arena, &server->result) != ESNN_OK) {
            return ESNN_LINK_MODEL;
        }
        server->has_result = 1;
        server->result_index = index;
        server->result_crc = crc;
    }
    uint32_t best = 0;
    for (uint32_t i = 1; i < ESNN_MODEL_CLASSES; ++i) {
        best = server->result.logits[i] > server->result.logits[best] ? i : best;
    }
    *end = esnn_put_u32(*end, server->session);
    *end = esnn_put_u32(*end, index);
    *end = esnn_put_u32(*end, crc);
    *end = esnn_put_u32(*end, best);
    memcpy(*end, esnn_model_sha256, 32);
    *end += 32;
    return 0;
}

/** RESULT: session, index, offset. */
static uint32_t esnn_on_result(esnn_server_t *server, const uint8_t *payload, uint8_t **end)
{
    const uint32_t index = esnn_get_u32(payload + 4);
    uint32_t offset = esnn_get_u32(payload + 8);
    if (!server->has_result || server->result_index != index) {
        return ESNN_LINK_RESULT;
    }
    if (offset >= ESNN_RESULT_BYTES) {
        return ESNN_LINK_RANGE;
    }
    *end = esnn_put_u32(*end, server->session);
    *end = esnn_put_u32(*end, index);
    *end = esnn_put_u32(*end, server->result_crc);
    *end = esnn_put_u32(*end, offset);
    for (uint32_t i = 0; i < ESNN_CHUNK_BYTES && offset < ESNN_RESULT_BYTES; ++i) {
        *(*end)++ = esnn_server_result_byte(&server->result, offset++);
    }
    return 0;
}

/** Bytes of the fixed part of a request in a session; 0: there is no such request. */
static uint32_t esnn_length(uint8_t type)
{
    switch (type) {
    case ESNN_REQUEST_WRITE:
        return WRITE_BYTES;
    case ESNN_REQUEST_RUN:
        return RUN_BYTES;
    case ESNN_REQUEST_RESULT:
        return RESULT_BYTES;
    case ESNN_REQUEST_TRACE:
        return TRACE_BYTES;
    case ESNN_REQUEST_READ:
        return READ_BYTES;
    default:
        return 0;
    }
}

static uint32_t esnn_handle(esnn_server_t *server, uint8_t type, const uint8_t *payload, uint32_t length,
                            uint8_t **end)
{
    if (type == ESNN_REQUEST_INFO) {
        *end = esnn_server_info(server, *end);
        return length == 0 ? 0 : ESNN_LINK_LENGTH;
    }
    if (type == ESNN_REQUEST_SESSION) {
        if (length != SESSION_BYTES) {
            return ESNN_LINK_LENGTH;
        }
        server->session = esnn_get_u32(payload);
        server->has_image = 0;
        server->has_result = 0;
        server->traced_steps = 0;
        *end = esnn_put_u32(*end, server->session);
        return 0;
    }
    const uint32_t wanted = esnn_length(type);
    if (wanted == 0) {
        return ESNN_LINK_UNKNOWN;
    }
    if (type == ESNN_REQUEST_WRITE ? length <= wanted : length != wanted) {
        return ESNN_LINK_LENGTH;
    }
    if (server->session == 0 || esnn_get_u32(payload) != server->session) {
        return ESNN_LINK_SESSION;
    }
    if (type == ESNN_REQUEST_WRITE) {
        return esnn_on_write(server, payload, length, end);
    }
    if (type == ESNN_REQUEST_RUN) {
        return esnn_on_run(server, payload, end);
    }
    if (type == ESNN_REQUEST_TRACE) {
        return esnn_server_trace(server, payload, end);
    }
    if (type == ESNN_REQUEST_READ) {
        return esnn_server_read(server, payload, end);
    }
    return esnn_on_result(server, payload, end);
}

void esnn_server_byte(esnn_server_t *server, uint8_t byte)
{
    const uint32_t length = esnn_link_receive(&server->receiver, byte);
    if (length == 0) {
        return;
    }
    const uint8_t *frame = server->receiver.bytes;
    const uint8_t type = frame[1];
    if (frame[0] != ESNN_PROTOCOL_VERSION) {
        esnn_refuse(server, type, ESNN_LINK_VERSION);
        return;
    }
    uint8_t *end = server->reply + ESNN_HEADER_BYTES;
    const uint32_t error = esnn_handle(server, type, frame + ESNN_HEADER_BYTES, length - ESNN_HEADER_BYTES, &end);
    if (error != 0) {
        esnn_refuse(server, type, (esnn_link_error_t)error);
        return;
    }
    esnn_reply(server, (uint8_t)(type | ESNN_REPLY), end);
}
