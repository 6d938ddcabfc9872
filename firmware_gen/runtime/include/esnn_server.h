/**
 * @file esnn_server.h
 * @brief Answers requests of the host. The protocol is in docs/protocol.md.
 */
#ifndef ESNN_SERVER_H
#define ESNN_SERVER_H

#include "esnn_board.h"
#include "esnn_link.h"
#include "esnn_model.h"

#define ESNN_PROTOCOL_VERSION 2u
/** Most bytes of an image in one frame. */
#define ESNN_CHUNK_BYTES 264u
/** Most bytes of a result in one frame. */
#define ESNN_PART_BYTES 256u
/** Silence after which half a frame is forgotten: ticks. */
#define ESNN_GAP_TICKS ((uint64_t)ESNN_BOARD_CLOCK_HZ)
/** Time without a whole frame after which the port returns to ESNN_BOARD_BAUD: ticks. */
#define ESNN_BAUD_TICKS ((uint64_t)ESNN_BOARD_CLOCK_HZ << 1)

enum {
    ESNN_REQUEST_INFO = 0x01,
    ESNN_REQUEST_SESSION = 0x02,
    ESNN_REQUEST_WRITE = 0x03,
    ESNN_REQUEST_RUN = 0x04,
    ESNN_REQUEST_RESULT = 0x05,
    ESNN_REQUEST_BAUD = 0x06,
    ESNN_REQUEST_TRACE = 0x10,
    ESNN_REQUEST_READ = 0x11,
    ESNN_REPLY = 0x80, /**< added to the request's type */
    ESNN_REPLY_ERROR = 0xff,
};

/** Bits of `features` in INFO. */
enum {
    ESNN_FEATURE_TEXT = 1,    /**< answers the text dialect */
    ESNN_FEATURE_REPEATS = 2, /**< keeps the image of the text dialect, so that it can run it again */
};

/** Codes of an error reply. */
typedef enum {
    ESNN_LINK_VERSION = 1, /**< another protocol version */
    ESNN_LINK_UNKNOWN = 2, /**< unknown request */
    ESNN_LINK_LENGTH = 3,  /**< payload of a wrong length */
    ESNN_LINK_SESSION = 4, /**< another session: the device was reset, or the host is another */
    ESNN_LINK_RANGE = 5,   /**< offset or length beyond the image or the result */
    ESNN_LINK_IMAGE = 6,   /**< CRC of the image differs */
    ESNN_LINK_RESULT = 7,  /**< there is no result for this index */
    ESNN_LINK_MODEL = 8,   /**< the inference failed */
    ESNN_LINK_BAUD = 9,    /**< the port has no such rate */
} esnn_link_error_t;

/** Whose result is in memory. */
enum { ESNN_RESULT_NONE = 0, ESNN_RESULT_OF_FRAMES = 1, ESNN_RESULT_OF_TEXT = 2 };

/** State of the server; zero it, then set `arena` and call esnn_server_start(). */
typedef struct {
    uint8_t *arena;           /**< ESNN_MODEL_ARENA_BYTES, aligned to 8 */
    esnn_receiver_t receiver; /**< a reply is made where its request lies: nothing is received meanwhile */
    esnn_result_t result;
    uint64_t last_byte;  /**< clock when the last byte had been dealt with */
    uint64_t last_frame; /**< clock when the last whole frame had been dealt with */
    uint32_t baud;
    uint32_t session; /**< 0 after a reset: none */
    uint32_t result_index;
    uint32_t result_crc;  /**< of the image the result belongs to */
    uint32_t text_size;   /**< bytes that the text dialect was told to expect */
    uint32_t text_filled; /**< bytes of them that have come */
    uint16_t result_sequence;
    uint16_t traced_steps; /**< steps whose work the arena still holds, by a trace; 0: none */
    uint8_t has_result;
#if ESNN_BOARD_KEEPS_IMAGE
    uint8_t kept[ESNN_MODEL_INPUT_BYTES]; /**< image of the text dialect */
#endif
} esnn_server_t;

/** Completes a zeroed server whose `arena` is set. */
void esnn_server_start(esnn_server_t *server);

/** Takes one byte from the line; answers when it completes a frame or a text command. */
void esnn_server_byte(esnn_server_t *server, uint8_t byte);

/** Answers the whole frame of `length` bytes, without CRC, that lies in the receiver. */
void esnn_server_frame(esnn_server_t *server, uint32_t length);

/**
 * TRACE: session, index, CRC of the image, last step, first CRC (4 bytes each). Runs steps 0 .. last and makes the
 * payload of the reply, the CRCs of what they left, over the request. @return 0 or an error code.
 */
uint32_t esnn_server_trace(esnn_server_t *server, uint8_t *payload, uint8_t **end);

/**
 * READ: session, index, tensor, offset (4 bytes each). Makes the payload of the reply, bytes of a tensor that the
 * last step of a trace left, over the request. @return 0 or an error code.
 */
uint32_t esnn_server_read(esnn_server_t *server, uint8_t *payload, uint8_t **end);

/** Answers the text command that lies in the receiver, and empties it. */
void esnn_server_text(esnn_server_t *server);

/** Fills the payload of an INFO reply. @return its end. */
uint8_t *esnn_server_info(const esnn_server_t *server, uint8_t *payload);

/** Bytes of a result as it is sent: SHA-256 of the model, logits, counts, step ticks (4 each), ticks (8). */
#define ESNN_RESULT_BYTES (32u + 4u * (ESNN_MODEL_CLASSES + ESNN_MODEL_COUNTERS + ESNN_MODEL_STEPS) + 8u)

/** Byte `at` of the result as it is sent. */
uint8_t esnn_server_result_byte(const esnn_result_t *result, uint32_t at);

#endif
