/* Bytes from the Pi, one at a time, to whole and valid requests. */
#ifndef ANDANTE_RECEIVER_H
#define ANDANTE_RECEIVER_H

#include <stdint.h>

#define REQUEST_BODY_BYTES 6U
#define REQUEST_SLOTS 4U /* a power of two; one slot stays empty */

/* A valid request. A PROBE's body is followed by the tick at which its last byte arrived. */
struct request {
    uint8_t type; /* FRAME_HELLO_REQUEST ..., or REQUEST_FOREIGN */
    uint8_t body[REQUEST_BODY_BYTES];
};

#define REQUEST_FOREIGN 0U /* a HELLO_REQUEST of another protocol version */

/*
 * The receive interrupt decodes, checks and queues; the main loop takes. Between the two there
 * is only the queue, with one writer for each index.
 */
struct receiver {
    struct request queue[REQUEST_SLOTS];
    volatile uint8_t queue_put;
    volatile uint8_t queue_take;
    volatile uint16_t frames_bad; /* modulo 65536 */
    uint16_t crc;                 /* of all decoded bytes but the last two */
    uint8_t tail[2];              /* the last two, which may be the CRC */
    uint8_t head[1U + REQUEST_BODY_BYTES];
    uint8_t length_bytes;  /* decoded so far */
    uint8_t encoded_bytes; /* since the delimiter */
    uint8_t group_bytes;   /* of the COBS group still to come */
    uint8_t skipping;      /* until the next delimiter */
};

/* Whatever precedes the first 0x00 is skipped uncounted, as on the Pi's side. */
void receiver_init(struct receiver *receiver);

/* Interrupt: one byte that arrived at `ticks`. */
void receiver_take_byte(struct receiver *receiver, uint8_t byte, uint32_t ticks);

/* Main loop: the oldest request, or 0 where there is none. */
uint8_t receiver_next(struct receiver *receiver, struct request *request);

uint16_t get_u16(const uint8_t *bytes);
uint32_t get_u32(const uint8_t *bytes);

#endif
