#include "event_ring.h"

#include <string.h>

#include "platform.h"
#include "receiver.h"

#define CHANNEL_MASK 0x0FU
#define HAS_OFF 0x10U
#define HAS_LOSS 0x20U
#define HAS_LONG 0x40U  /* peak and duration in 6 bytes instead of 4 */
#define HAS_PAUSE 0x80U /* ticks in 4 bytes instead of 3 */

#define SHORT_BITS 22U /* of a duration; the peak has the other ten */
#define SHORT_TICKS ((uint32_t)0x800000) /* the distance in 3 bytes, either way */
#define MAX_RECORD_BYTES 13U

void event_ring_clear(struct event_ring *ring) {
    /* The bytes themselves need no clearing. */
    memset(ring, 0, sizeof *ring - sizeof ring->bytes);
}

static uint8_t record_bytes(uint8_t header) {
    uint8_t length = header & HAS_PAUSE ? 5 : 4;
    if (header & HAS_LOSS) {
        length = (uint8_t)(length + 2U);
    }
    if (header & HAS_OFF) {
        length = (uint8_t)(length + (header & HAS_LONG ? 6U : 4U));
    }
    return length;
}

/* The writer's place in the ring. */
struct put {
    uint8_t *bytes;
    uint16_t at;
};

static void put_number(struct put *put, uint32_t value, uint8_t size_bytes) {
    for (; size_bytes > 0; size_bytes--) {
        put->bytes[put->at] = (uint8_t)value;
        value >>= 8;
        put->at++;
        if (put->at == EVENT_RING_BYTES) {
            put->at = 0;
        }
    }
}

/*
 * Only the room is taken uninterrupted; the bytes are written afterwards. Another event may come
 * in between from an interrupt and takes the room behind; the main loop, which alone reads, runs
 * again only when the interrupt is done.
 */
void event_ring_push(struct event_ring *ring, const struct event *event) {
    uint8_t header = event->channel & CHANNEL_MASK;
    if (event->off) {
        header |= HAS_OFF;
        if (event->duration_ticks >> SHORT_BITS) {
            header |= HAS_LONG;
        }
    }
    uint16_t lost_before = 0;
    uint32_t distance = 0;
    struct put put = {ring->bytes, 0};
    uint8_t kept = 0;
    UNINTERRUPTED {
        lost_before = ring->lost_before;
        distance = event->ticks - ring->last_ticks;
        if (lost_before > 0) {
            header |= HAS_LOSS;
        }
        if (distance + SHORT_TICKS >= 2U * SHORT_TICKS) {
            header |= HAS_PAUSE;
        }
        uint8_t length = record_bytes(header);
        ring->next_seq++;
        if (length > EVENT_RING_BYTES - ring->used_bytes) {
            ring->lost_before++;
            ring->dropped++;
        } else {
            put.at = (uint16_t)(ring->first_byte + ring->used_bytes);
            ring->used_bytes = (uint16_t)(ring->used_bytes + length);
            ring->count = (uint8_t)(ring->count + 1U);
            ring->lost_before = 0;
            ring->last_ticks = event->ticks;
            kept = 1;
        }
    }
    if (!kept) {
        return;
    }
    if (put.at >= EVENT_RING_BYTES) {
        put.at = (uint16_t)(put.at - EVENT_RING_BYTES);
    }
    put_number(&put, header, 1);
    if (header & HAS_LOSS) {
        put_number(&put, lost_before, 2);
    }
    put_number(&put, distance, header & HAS_PAUSE ? 4 : 3);
    if (header & HAS_LONG) {
        put_number(&put, event->peak_counts, 2);
        put_number(&put, event->duration_ticks, 4);
    } else if (header & HAS_OFF) {
        put_number(&put, ((uint32_t)event->peak_counts << SHORT_BITS) | event->duration_ticks, 4);
    }
}

struct event_cursor event_ring_first(const struct event_ring *ring) {
    struct event_cursor cursor = {ring->before_first_ticks, ring->first_byte, ring->first_seq};
    return cursor;
}

void event_ring_read(const struct event_ring *ring, struct event_cursor *cursor,
                     struct event *event) {
    uint8_t record[MAX_RECORD_BYTES];
    uint8_t header = ring->bytes[cursor->offset_bytes];
    uint8_t length = record_bytes(header);
    for (uint8_t i = 0; i < length; i++) {
        record[i] = ring->bytes[cursor->offset_bytes];
        cursor->offset_bytes++;
        if (cursor->offset_bytes == EVENT_RING_BYTES) {
            cursor->offset_bytes = 0;
        }
    }
    memset(event, 0, sizeof *event);
    event->channel = header & CHANNEL_MASK;
    const uint8_t *at = record + 1;
    if (header & HAS_LOSS) {
        event->lost_before = get_u16(at);
        at += 2;
    }
    uint32_t distance = get_u16(at) | ((uint32_t)at[2] << 16);
    at += 3;
    if (header & HAS_PAUSE) {
        distance |= (uint32_t)*at << 24;
        at++;
    } else if (distance >= SHORT_TICKS) {
        distance -= 2U * SHORT_TICKS; /* detected later than one that began after it */
    }
    event->ticks = cursor->before_ticks + distance;
    if (header & HAS_OFF) {
        event->off = 1;
        if (header & HAS_LONG) {
            event->peak_counts = get_u16(at);
            event->duration_ticks = get_u32(at + 2);
        } else {
            uint32_t both = get_u32(at);
            event->peak_counts = (uint16_t)(both >> SHORT_BITS);
            event->duration_ticks = both & ((1UL << SHORT_BITS) - 1U);
        }
    }
    event->event_seq = (uint16_t)(cursor->next_seq + event->lost_before);
    cursor->next_seq = (uint16_t)(event->event_seq + 1U);
    cursor->before_ticks = event->ticks;
}

void event_ring_drop(struct event_ring *ring, const struct event_cursor *cursor, uint8_t count) {
    uint16_t passed_bytes = cursor->offset_bytes;
    if (passed_bytes < ring->first_byte) {
        passed_bytes = (uint16_t)(passed_bytes + EVENT_RING_BYTES);
    }
    passed_bytes = (uint16_t)(passed_bytes - ring->first_byte);
    ring->used_bytes = (uint16_t)(ring->used_bytes - passed_bytes);
    ring->first_byte = cursor->offset_bytes;
    ring->first_seq = cursor->next_seq;
    ring->before_first_ticks = cursor->before_ticks;
    ring->count = (uint8_t)(ring->count - count);
}
