#include <string.h>

#include "esnn_server.h"

/** Lengths of the fixed parts of the payloads. */
enum {
    SESSION_BYTES = 4,
    WRITE_BYTES = 8,
    RUN_BYTES = 12,
    RESULT_BYTES = 12,
    BAUD_BYTES = 8,
    TRACE_BYTES = 20,
    READ_BYTES = 16
};

/* A reply is made in the receiver, over its request: the sequence number is in its place already. */
static void esnn_reply(esnn_server_t *server, uint8_t type, const uint8_t *end)
{
    uint8_t *frame = server->receiver.bytes;
    frame[0] = ESNN_PROTOCOL_VERSION;
    frame[1] = type;
    esnn_link_send(frame, (uint32_t)(end - frame));
}

static void esnn_refuse(esnn_server_t *server, esnn_link_error_t error)
{
    uint8_t *frame = server->receiver.bytes;
    frame[ESNN_HEADER_BYTES + 1] = frame[1];
    frame[ESNN_HEADER_BYTES] = (uint8_t)error;
    esnn_reply(server, ESNN_REPLY_ERROR, frame + ESNN_HEADER_BYTES + 2);
}

/** Sends the part of the result that starts at `offset`. @return where the next one starts. */
static uint32_t esnn_send_part(esnn_server_t *server, uint8_t type, uint32_t offset)
{
    uint8_t *at = server->receiver.bytes + ESNN_HEADER_BYTES;
    at = esnn_put_u32(at, server->session);
    at = esnn_put_u32(at, server->result_index);
    at = esnn_put_u32(at, server->result_crc);
    at = esnn_put_u32(at, offset);
    for (uint32_t i = 0; i < ESNN_PART_BYTES && offset < ESNN_RESULT_BYTES; ++i) {
        *at++ = esnn_server_result_byte(&server->result, offset++);
    }
    esnn_reply(server, type, at);
    return offset;
}

/** WRITE: session, offset (4 each), bytes. */
static uint32_t esnn_on_write(esnn_server_t *server, uint8_t *payload, uint32_t length)
{
    const uint32_t offset = esnn_get_u32(payload + 4);
    const uint32_t bytes = length - WRITE_BYTES;
    if (offset > ESNN_MODEL_INPUT_BYTES || bytes > ESNN_MODEL_INPUT_BYTES - offset) {
        return ESNN_LINK_RANGE;
    }
    memcpy(server->arena + ESNN_MODEL_INPUT_OFFSET + offset, payload + WRITE_BYTES, bytes);
    server->traced_steps = 0;
    server->text_filled = ESNN_BOARD_KEEPS_IMAGE ? server->text_filled : 0;
    esnn_reply(server, ESNN_REQUEST_WRITE | ESNN_REPLY, esnn_put_u32(payload, offset + bytes));
    return 0;
}

/**
 * RUN: session, index, CRC-32 of the image, the end of the image. The same request again is answered from
 * memory: its sequence number tells it from the wish to run the image once more.
 */
static uint32_t esnn_on_run(esnn_server_t *server, const uint8_t *payload, uint32_t length)
{
    const uint32_t sequence = esnn_get_u16(server->receiver.bytes + 2);
    const uint32_t index = esnn_get_u32(payload + 4);
    const uint32_t crc = esnn_get_u32(payload + 8);
    const uint32_t bytes = length - RUN_BYTES;
    uint8_t *image = server->arena + ESNN_MODEL_INPUT_OFFSET;
    if (bytes > ESNN_MODEL_INPUT_BYTES) {
        return ESNN_LINK_RANGE;
    }
    if (server->has_result != ESNN_RESULT_OF_FRAMES || server->result_index != index || server->result_crc != crc ||
        server->result_sequence != sequence) {
        memcpy(image + (ESNN_MODEL_INPUT_BYTES - bytes), payload + RUN_BYTES, bytes);
        server->traced_steps = 0;
        server->text_filled = ESNN_BOARD_KEEPS_IMAGE ? server->text_filled : 0;
        if (esnn_crc32(0, image, ESNN_MODEL_INPUT_BYTES) != crc) {
            return ESNN_LINK_IMAGE;
        }
        server->has_result = ESNN_RESULT_NONE;
        esnn_board_clock_restart();
        if (esnn_model_infer(server->arena, &server->result) != ESNN_OK) {
            return ESNN_LINK_MODEL;
        }
        server->has_result = ESNN_RESULT_OF_FRAMES;
        server->result_index = index;
        server->result_crc = crc;
        server->result_sequence = (uint16_t)sequence;
    }
    for (uint32_t offset = 0; offset < ESNN_RESULT_BYTES;) {
        offset = esnn_send_part(server, ESNN_REQUEST_RUN | ESNN_REPLY, offset);
    }
    return 0;
}

/** RESULT: session, index, offset. */
static uint32_t esnn_on_result(esnn_server_t *server, const uint8_t *payload)
{
    const uint32_t offset = esnn_get_u32(payload + 8);
    if (server->has_result != ESNN_RESULT_OF_FRAMES || server->result_index != esnn_get_u32(payload + 4)) {
        return ESNN_LINK_RESULT;
    }
    if (offset >= ESNN_RESULT_BYTES) {
        return ESNN_LINK_RANGE;
    }
    (void)esnn_send_part(server, ESNN_REQUEST_RESULT | ESNN_REPLY, offset);
    return 0;
}

/** BAUD: session, rate. The answer still comes at the old rate. */
static uint32_t esnn_on_baud(esnn_server_t *server, uint8_t *payload)
{
    const uint32_t baud = esnn_get_u32(payload + 4);
    const uint32_t rate = esnn_board_rate(baud);
    if (rate == 0) {
        return ESNN_LINK_BAUD;
    }
    esnn_reply(server, ESNN_REQUEST_BAUD | ESNN_REPLY, esnn_put_u32(payload, baud));
    if (baud != server->baud) {
        esnn_board_set_rate(rate);
        server->baud = baud;
    }
    return 0;
}

static uint32_t esnn_on_session(esnn_server_t *server, uint8_t *payload)
{
    if (esnn_get_u32(payload) == 0) {
        return ESNN_LINK_SESSION;
    }
    server->session = esnn_get_u32(payload);
    server->has_result = ESNN_RESULT_NONE;
    server->traced_steps = 0;
    esnn_reply(server, ESNN_REQUEST_SESSION | ESNN_REPLY, payload + SESSION_BYTES);
    return 0;
}

/** Whether a payload of `length` bytes fits a request that needs a session. */
static uint32_t esnn_length_fits(uint8_t type, uint32_t length)
{
    if (type == ESNN_REQUEST_WRITE) {
        return length > WRITE_BYTES && length <= WRITE_BYTES + ESNN_CHUNK_BYTES;
    }
    if (type == ESNN_REQUEST_RUN) {
        return length >= RUN_BYTES && length <= RUN_BYTES + ESNN_CHUNK_BYTES;
    }
    switch (type) {
    case ESNN_REQUEST_BAUD:
        return length == BAUD_BYTES;
    case ESNN_REQUEST_TRACE:
        return length == TRACE_BYTES;
    case ESNN_REQUEST_READ:
        return length == READ_BYTES;
    default:
        return length == RESULT_BYTES;
    }
}

/** TRACE and READ. */
static uint32_t esnn_on_trace(esnn_server_t *server, uint8_t type, uint8_t *payload)
{
    uint8_t *end = payload;
    const uint32_t error = type == ESNN_REQUEST_TRACE ? esnn_server_trace(server, payload, &end)
                                                      : esnn_server_read(server, payload, &end);
    if (error == 0) {
        esnn_reply(server, (uint8_t)(type | ESNN_REPLY), end);
    }
    return error;
}

static uint32_t esnn_handle(esnn_server_t *server, uint8_t type, uint8_t *payload, uint32_t length)
{
    if (type == ESNN_REQUEST_INFO) {
        if (length != 0) {
            return ESNN_LINK_LENGTH;
        }
        esnn_reply(server, ESNN_REQUEST_INFO | ESNN_REPLY, esnn_server_info(server, payload));
        return 0;
    }
    if (type == ESNN_REQUEST_SESSION) {
        return length == SESSION_BYTES ? esnn_on_session(server, payload) : ESNN_LINK_LENGTH;
    }
    const uint32_t is_trace = type == ESNN_REQUEST_TRACE || type == ESNN_REQUEST_READ;
    if (!is_trace && (type < ESNN_REQUEST_WRITE || type > ESNN_REQUEST_BAUD)) {
        return ESNN_LINK_UNKNOWN;
    }
    if (!esnn_length_fits(type, length)) {
        return ESNN_LINK_LENGTH;
    }
    if (server->session == 0 || esnn_get_u32(payload) != server->session) {
        return ESNN_LINK_SESSION;
    }
    if (type == ESNN_REQUEST_WRITE) {
        return esnn_on_write(server, payload, length);
    }
    if (type == ESNN_REQUEST_RUN) {
        return esnn_on_run(server, payload, length);
    }
    if (type == ESNN_REQUEST_RESULT) {
        return esnn_on_result(server, payload);
    }
    return is_trace ? esnn_on_trace(server, type, payload) : esnn_on_baud(server, payload);
}

void esnn_server_frame(esnn_server_t *server, uint32_t length)
{
    uint8_t *frame = server->receiver.bytes;
    uint32_t error = ESNN_LINK_VERSION;
    if (frame[0] == ESNN_PROTOCOL_VERSION) {
        error = esnn_handle(server, frame[1], frame + ESNN_HEADER_BYTES, length - ESNN_HEADER_BYTES);
    }
    if (error != 0) {
        esnn_refuse(server, (esnn_link_error_t)error);
    }
}
