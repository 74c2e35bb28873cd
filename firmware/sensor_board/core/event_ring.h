/*
 * Events until they are acknowledged, packed: 4 bytes for an `on`, 8 for an `off` (10 after more
 * than 2 s), 1 more after a pause of 4 s, 2 more after a loss. The sequence number is implied by
 * the place, the ticks are the distance to the event before.
 */
#ifndef ANDANTE_EVENT_RING_H
#define ANDANTE_EVENT_RING_H

#include <stdint.h>

#ifndef EVENT_RING_BYTES
#define EVENT_RING_BYTES 520U
#endif

struct event {
    uint32_t ticks;
    uint32_t duration_ticks; /* of an `off` */
    uint16_t event_seq;
    uint16_t lost_before;
    uint16_t peak_counts; /* of an `off`, 0 to 1023 */
    uint8_t channel;
    uint8_t off;
};

struct event_ring {
    uint32_t before_first_ticks; /* of the event that was dropped last */
    uint32_t last_ticks;         /* of the event that was kept last */
    uint16_t first_byte;
    uint16_t used_bytes;
    uint16_t first_seq; /* the oldest event's number less its lost_before */
    uint16_t next_seq;
    uint16_t lost_before; /* the next event's */
    uint16_t dropped;     /* since the conversation began, modulo 65536 */
    volatile uint8_t count;
    uint8_t bytes[EVENT_RING_BYTES];
};

/* A place in the ring from which events are read in order. */
struct event_cursor {
    uint32_t before_ticks;
    uint16_t offset_bytes;
    uint16_t next_seq;
};

void event_ring_clear(struct event_ring *ring);

/* From anywhere: keep an event, numbered here; without room it is dropped and counted. */
void event_ring_push(struct event_ring *ring, const struct event *event);

/* Read the event at the cursor, which must not be beyond the last, and move the cursor on. */
struct event_cursor event_ring_first(const struct event_ring *ring);
void event_ring_read(const struct event_ring *ring, struct event_cursor *cursor,
                     struct event *event);

/* Forget everything before the cursor, which has passed `count` events. */
void event_ring_drop(struct event_ring *ring, const struct event_cursor *cursor, uint8_t count);

#endif
