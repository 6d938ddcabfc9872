/**
 * @file esnn_server.h
 * @brief Answers requests of the host. The protocol is in docs/protocol.md.
 */
#ifndef ESNN_SERVER_H
#define ESNN_SERVER_H

#include "esnn_link.h"
#include "esnn_model.h"

#define ESNN_PROTOCOL_VERSION 1u
/** Bytes of an image or a result in one frame. */
#define ESNN_CHUNK_BYTES 256u

enum {
    ESNN_REQUEST_INFO = 0x01,
    ESNN_REQUEST_SESSION = 0x02,
    ESNN_REQUEST_WRITE = 0x03,
    ESNN_REQUEST_RUN = 0x04,
    ESNN_REQUEST_RESULT = 0x05,
    ESNN_REQUEST_TRACE = 0x10,
    ESNN_REQUEST_READ = 0x11,
    ESNN_REPLY = 0x80, /**< added to the request's type */
    ESNN_REPLY_ERROR = 0xff,
};

/** Codes of an error reply. */
typedef enum {
    ESNN_LINK_VERSION = 1, /**< another protocol version */
    ESNN_LINK_UNKNOWN = 2, /**< unknown request */
    ESNN_LINK_LENGTH = 3,  /**< payload of a wrong length */
    ESNN_LINK_SESSION = 4, /**< another session: the device was reset, or the host is another */
    ESNN_LINK_RANGE = 5,   /**< offset or length beyond the image or the result */
    ESNN_LINK_IMAGE = 6,   /**< CRC of the image differs, or it was not written for this index */
    ESNN_LINK_RESULT = 7,  /**< there is no result for this index */
    ESNN_LINK_MODEL = 8,   /**< the inference failed */
} esnn_link_error_t;

/** State of the server; zero it, then set `arena`. */
typedef struct {
    uint8_t *arena; /**< ESNN_MODEL_ARENA_BYTES, aligned to 8 */
    esnn_receiver_t receiver;
    uint8_t reply[ESNN_FRAME_MAX];
    esnn_result_t result;
    uint32_t session;     /**< 0 after a reset: none */
    uint32_t image_index; /**< of what is being written */
    uint32_t result_index;
    uint32_t result_crc;   /**< of the image the result belongs to */
    uint32_t traced_steps; /**< steps that the arena has just seen, by a trace; 0: none */
    uint8_t has_image;     /**< something was written since the last inference */
    uint8_t has_result;
} esnn_server_t;

/** Takes one byte from the line; answers when it completes a request. */
void esnn_server_byte(esnn_server_t *server, uint8_t byte);

/** Fills the payload of an INFO reply. @return its end. */
uint8_t *esnn_server_info(const esnn_server_t *server, uint8_t *payload);

/**
 * TRACE: session, index, CRC of the image, last step, first tensor (4 bytes each). Runs steps 0 .. last and appends
 * the CRCs of what they leave to the reply. @return 0 or an error code.
 */
uint32_t esnn_server_trace(esnn_server_t *server, const uint8_t *payload, uint8_t **end);

/**
 * READ: session, index, tensor, offset (4 bytes each). Appends bytes of a tensor that the last step of a trace left.
 * @return 0 or an error code.
 */
uint32_t esnn_server_read(const esnn_server_t *server, const uint8_t *payload, uint8_t **end);

/** Bytes of a result as it is sent: logits, counts, step ticks (4 each), ticks (8). */
#define ESNN_RESULT_BYTES (4u * (ESNN_MODEL_CLASSES + ESNN_MODEL_COUNTERS + ESNN_MODEL_STEPS) + 8u)

/** Byte `at` of the result as it is sent. */
uint8_t esnn_server_result_byte(const esnn_result_t *result, uint32_t at);

#endif
