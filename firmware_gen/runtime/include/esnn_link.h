/**
 * @file esnn_link.h
 * @brief Binary frames on a serial line: 0x00, COBS(header, payload, CRC-32), 0x00. See docs/protocol.md.
 *
 * Text commands, which end in '%', live on the same line: see esnn_link_is_text().
 * Nothing here waits, allocates or keeps state of its own; the receiver is safe against any byte sequence.
 */
#ifndef ESNN_LINK_H
#define ESNN_LINK_H

#include <stdint.h>

/** Bytes of header: version, type, sequence number (2, little endian). */
#define ESNN_HEADER_BYTES 4u
#define ESNN_CRC_BYTES 4u
/** Largest payload in bytes. */
#define ESNN_PAYLOAD_MAX 276u
/** Largest frame before COBS. */
#define ESNN_FRAME_MAX (ESNN_HEADER_BYTES + ESNN_PAYLOAD_MAX + ESNN_CRC_BYTES)
/** A received frame still carries its COBS codes: one, and one more for every 254 bytes. */
#define ESNN_ENCODED_MAX (ESNN_FRAME_MAX + 2u)

/** A frame's second byte on the line is its version, 1 to this: a control character, which no text has there. */
#define ESNN_VERSION_LAST 9u

/** Receiver of frames and text commands; zero it before use. */
typedef struct {
    uint8_t bytes[ESNN_ENCODED_MAX]; /**< encoded while it arrives, decoded in place when it is whole */
    uint16_t length;                 /**< bytes so far */
    uint8_t overflow;                /**< too long, and will be dropped */
    uint8_t opened;                  /**< a zero came before these bytes: they may be a frame */
} esnn_receiver_t;

/** CRC-32 (IEEE 802.3, as zlib's crc32) of `length` bytes, continuing from `crc`; start with 0. */
uint32_t esnn_crc32(uint32_t crc, const uint8_t *bytes, uint32_t length);

/**
 * Decodes COBS in place.
 * @return decoded length, or 0 if the bytes are no valid COBS (no decoded frame of ours is empty).
 */
uint32_t esnn_cobs_decode(uint8_t *bytes, uint32_t length);

/**
 * Takes one byte from the line.
 * @return length of a whole frame without its CRC (header and payload are in receiver->bytes), or 0.
 */
uint32_t esnn_link_receive(esnn_receiver_t *receiver, uint8_t byte);

/** Whether what has arrived can be no frame, so that a '%' ends a text command. */
uint32_t esnn_link_is_text(const esnn_receiver_t *receiver);

/** Forgets what has arrived. */
void esnn_link_clear(esnn_receiver_t *receiver);

/**
 * Sends a frame: appends the CRC, encodes and writes byte by byte through esnn_board_write().
 * @param frame  header and payload, with room for ESNN_CRC_BYTES more.
 */
void esnn_link_send(uint8_t *frame, uint32_t length);

/** Little-endian access to frames. */
uint32_t esnn_get_u16(const uint8_t *bytes);
uint32_t esnn_get_u32(const uint8_t *bytes);
uint8_t *esnn_put_u16(uint8_t *bytes, uint32_t value);
uint8_t *esnn_put_u32(uint8_t *bytes, uint32_t value);

#endif
