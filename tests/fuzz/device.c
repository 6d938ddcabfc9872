/*
 * The device's parser, whole: frames and text, on this computer. An input is a list of pieces, each a kind, a
 * length and that many bytes; the kinds know CRC, COBS and the session, so that a fuzzer gets past them.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esnn_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW, FRAME, SESSION_FRAME, GOOD_RUN, SILENCE, TEXT, RESET, KINDS };
enum { INFO_PAYLOAD = 192, CLOCK_HZ = ESNN_BOARD_CLOCK_HZ };

static esnn_server_t *server;
static uint64_t now;
static uint8_t sent[1u << 20];
static size_t sent_bytes;

static void require(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

const uint8_t esnn_model_sha256[32] = {1, 2, 3};
const char esnn_model_name[32] = "a name]%";

uint64_t esnn_clock_ticks(void)
{
    return ++now;
}

void esnn_board_write(uint8_t byte)
{
    require(sent_bytes < sizeof sent, "answers are bounded");
    sent[sent_bytes++] = byte;
}

uint32_t esnn_board_rate(uint32_t baud)
{
    return baud == 115200u || baud == 921600u ? baud : 0;
}

void esnn_board_set_rate(uint32_t rate)
{
    require(rate != 0, "only rates that the board has are set");
}

void esnn_board_clock_restart(void)
{
}

uint32_t esnn_board_flash_bytes(void)
{
    return 0;
}

uint32_t esnn_board_stack_used(void)
{
    return 0;
}

uint32_t esnn_board_stack_size(void)
{
    return 0;
}

esnn_status_t esnn_model_infer(uint8_t *arena, esnn_result_t *result)
{
    const uint8_t *image = arena + ESNN_MODEL_INPUT_OFFSET;
    for (uint32_t i = 0; i < ESNN_MODEL_CLASSES; ++i) {
        result->logits[i] = (int32_t)((uint32_t)image[i] << 24);
    }
    result->ticks = ++now;
    arena[ESNN_MODEL_INPUT_OFFSET] ^= 0x5a; /* the inference takes the image's place */
    return image[0] == 77 ? ESNN_ERROR_ARGUMENT : ESNN_OK;
}

const esnn_tensor_t esnn_model_tensors[ESNN_MODEL_TENSORS] = {
    {0, 40, 8, 3, 0, 0x0f},
    {8, 9, 32, 32, 2, 0xff},
    {0, 1, 2, 1, 4, 0x01},
};

esnn_status_t esnn_model_step(uint32_t step, uint8_t *arena, esnn_result_t *result)
{
    require(step < ESNN_MODEL_STEPS, "only steps that there are are run");
    result->step_ticks[step] = 1;
    return step + 1u == ESNN_MODEL_STEPS ? esnn_model_infer(arena, result) : ESNN_OK;
}

const char *esnn_board_clock_name(void)
{
    return "a clock";
}

const char *esnn_board_clock_unit(void)
{
    return "cycles";
}

static void feed(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; ++i) {
        const uint32_t session = server->session;
        esnn_server_byte(server, bytes[i]);
        require(server->session == session || (sent_bytes > 0 && bytes[i] == 0), "only a frame opens a session");
        require(server->text_filled <= ESNN_MODEL_INPUT_BYTES, "text stays within the image");
    }
}

/** Sends a body as a frame, CRC and COBS made here. */
static void feed_frame(const uint8_t *body, size_t size)
{
    uint8_t plain[600], out[640];
    size_t code = 1, at = 2;
    memcpy(plain, body, size);
    (void)esnn_put_u32(plain + size, esnn_crc32(0, body, (uint32_t)size));
    size += ESNN_CRC_BYTES;
    out[0] = 0;
    for (size_t i = 0; i < size; ++i) {
        if (plain[i] != 0) {
            out[at++] = plain[i];
        }
        if (plain[i] == 0 || at - code == 255) {
            out[code] = (uint8_t)(at - code);
            code = at++;
        }
    }
    out[code] = (uint8_t)(at - code);
    out[at++] = 0;
    feed(out, at);
}

static void start(void)
{
    uint8_t *arena = server == NULL ? malloc(ESNN_MODEL_ARENA_BYTES) : server->arena;
    server = server == NULL ? malloc(sizeof *server) : server;
    require(arena != NULL && server != NULL, "memory");
    memset(server, 0, sizeof *server);
    server->arena = arena;
    esnn_server_start(server);
}

/** Whatever came before: the next frame is answered, and after a silence so is the next text command. */
static void check_that_nothing_latched(int text_first)
{
    static const uint8_t info[] = {ESNN_PROTOCOL_VERSION, ESNN_REQUEST_INFO, 0x34, 0x12};
    static const char name[] = "m-name-dut-[edge_snn " ESNN_BOARD_NAME "]\r\nm-ready\r\n";
    for (int turn = 0; turn < 2; ++turn) {
        if (turn == text_first) {
            sent_bytes = 0;
            feed_frame(info, sizeof info);
            require(sent_bytes > INFO_PAYLOAD && sent[0] == 0 && sent[sent_bytes - 1] == 0, "INFO is answered");
            /* Bytes from before may be a frame that lacked its end only (eight times 0xff has a good CRC): the 0 in
             * front of INFO ends it, and its answer comes first. */
            uint8_t *reply = sent + sent_bytes - 1;
            while (reply[-1] != 0) {
                --reply;
            }
            uint32_t length = esnn_cobs_decode(reply, (uint32_t)(sent + sent_bytes - 1 - reply));
            require(length > 8 && reply[1] == (ESNN_REQUEST_INFO | ESNN_REPLY) && reply[2] == 0x34, "by its reply");
            length -= ESNN_CRC_BYTES;
            require(esnn_get_u32(reply + length) == esnn_crc32(0, reply, length), "which is whole");
        } else {
            now += (uint64_t)CLOCK_HZ * 2u;
            feed((const uint8_t *)"%", 1); /* ends a command that somebody left half typed */
            sent_bytes = 0;
            feed((const uint8_t *)"name%\r\n", 7);
            require(sent_bytes == sizeof name - 1 && memcmp(sent, name, sent_bytes) == 0, "name% is answered once");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t body[512];
    start();
    const int text_first = size > 0 && (data[0] & 0x80);
    while (size >= 2) {
        const uint32_t kind = (data[0] & 0x7fu) % KINDS;
        size_t length = data[1] + (kind <= GOOD_RUN ? (size_t)(data[0] & 0x70u) * 4u : 0);
        data += 2;
        size -= 2;
        length = length > size ? size : length;
        sent_bytes = 0;
        if (kind == RAW) {
            feed(data, length);
        } else if (kind == SILENCE) {
            now += length * (uint64_t)(CLOCK_HZ / 16);
        } else if (kind == TEXT) {
            feed(data, length);
            feed((const uint8_t *)"%", 1);
        } else if (kind == RESET) {
            start();
        } else {
            length = length > sizeof body ? sizeof body : length;
            memcpy(body, data, length);
            if (kind >= SESSION_FRAME && length >= 8) {
                body[0] = ESNN_PROTOCOL_VERSION;
                body[1] = (uint8_t)((body[1] & 8u) != 0 ? ESNN_REQUEST_TRACE | (body[1] & 1u) : body[1] & 7u);
                (void)esnn_put_u32(body + 4, server->session);
            }
            if (kind == GOOD_RUN && length >= 24 && body[1] >= ESNN_REQUEST_TRACE) {
                body[1] = ESNN_REQUEST_TRACE;
                (void)esnn_put_u32(body + 12,
                                   esnn_crc32(0, server->arena + ESNN_MODEL_INPUT_OFFSET, ESNN_MODEL_INPUT_BYTES));
                (void)esnn_put_u32(body + 16, body[16] % (ESNN_MODEL_STEPS + 1u));
                (void)esnn_put_u32(body + 20, body[20] % (ESNN_MODEL_TENSORS + 2u));
                length = 24;
            } else if (kind == GOOD_RUN && length >= 16) {
                uint8_t image[ESNN_MODEL_INPUT_BYTES];
                const size_t tail = length - 16 < sizeof image ? length - 16 : sizeof image;
                memcpy(image, server->arena + ESNN_MODEL_INPUT_OFFSET, sizeof image);
                memcpy(image + sizeof image - tail, body + 16, tail);
                body[1] = ESNN_REQUEST_RUN;
                (void)esnn_put_u32(body + 12, esnn_crc32(0, image, sizeof image));
            }
            feed_frame(body, length);
        }
        if (kind != SILENCE && kind != RESET) {
            data += length;
            size -= length;
        }
    }
    check_that_nothing_latched(text_first);
    return 0;
}
