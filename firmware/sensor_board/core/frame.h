/* Frames of docs/wire-protocol.md: COBS(type, body, CRC-16) and a 0x00. */
#ifndef ANDANTE_FRAME_H
#define ANDANTE_FRAME_H

#include <stdint.h>

#define PROTOCOL_VERSION 1U

enum frame_type {
    FRAME_HELLO = 0x01,
    FRAME_PROBE_REPLY = 0x02,
    FRAME_EVENT = 0x03,
    FRAME_SAMPLES = 0x04,
    FRAME_STATUS = 0x05,
    FRAME_SETTING = 0x06,
    FRAME_HELLO_REQUEST = 0x81,
    FRAME_PROBE = 0x82,
    FRAME_ACK = 0x83,
    FRAME_SETTING_SET = 0x84
};

#define MAX_ENCODED_BYTES 65U

/* Writes one frame from its first byte to its last. */
struct frame_writer {
    uint8_t *out;
    uint8_t *first; /* the first COBS code's place */
    uint8_t *next;
};

/* The caller's `out` holds the whole frame: body + 6 bytes, 7 for HELLO. */
void frame_begin(struct frame_writer *writer, uint8_t *out, uint8_t type);
static inline void frame_u8(struct frame_writer *writer, uint8_t value) {
    *writer->next++ = value;
}

void frame_u16(struct frame_writer *writer, uint16_t value);
void frame_u32(struct frame_writer *writer, uint32_t value);
/* The frame's length in bytes, delimiters included. */
uint8_t frame_end(struct frame_writer *writer);

#endif
