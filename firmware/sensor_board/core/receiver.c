#include "receiver.h"

#include <string.h>

#include "crc16.h"
#include "frame.h"

uint16_t get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | ((uint16_t)bytes[1] << 8));
}

uint32_t get_u32(const uint8_t *bytes) {
    return get_u16(bytes) | ((uint32_t)get_u16(bytes + 2) << 16);
}

static void begin_frame(struct receiver *receiver) {
    receiver->crc = CRC16_START;
    receiver->length_bytes = 0;
    receiver->encoded_bytes = 0;
    receiver->group_bytes = 0;
    receiver->skipping = 0;
}

void receiver_init(struct receiver *receiver) {
    memset(receiver, 0, sizeof *receiver);
    begin_frame(receiver);
    receiver->skipping = 1;
}

static void take_decoded(struct receiver *receiver, uint8_t byte) {
    /* The CRC lags by two bytes, so that at the end the last two can be held against it. */
    if (receiver->length_bytes >= 2) {
        receiver->crc = crc16_add(receiver->crc, receiver->tail[0]);
    }
    receiver->tail[0] = receiver->tail[1];
    receiver->tail[1] = byte;
    if (receiver->length_bytes < sizeof receiver->head) {
        receiver->head[receiver->length_bytes] = byte;
    }
    receiver->length_bytes++;
}

/* The bytes of a request's body, or 0xFF for what is no request. */
static uint8_t body_bytes_of(uint8_t type) {
    switch (type) {
        case FRAME_HELLO_REQUEST:
            return 6;
        case FRAME_PROBE:
            return 2;
        case FRAME_ACK:
            return 4;
        case FRAME_SETTING_SET:
            return 5;
        default:
            return 0xFF;
    }
}

static uint8_t is_whole(const struct receiver *receiver) {
    return receiver->group_bytes == 0 && receiver->length_bytes > 2 &&
           receiver->crc == get_u16(receiver->tail);
}

static uint8_t queue_request(struct receiver *receiver, uint32_t ticks) {
    uint8_t type = receiver->head[0];
    uint8_t body_bytes = (uint8_t)(receiver->length_bytes - 3U);
    if (type == FRAME_HELLO_REQUEST && body_bytes > 0 && receiver->head[1] != PROTOCOL_VERSION) {
        type = REQUEST_FOREIGN;
    } else if (body_bytes != body_bytes_of(type)) {
        return 0;
    }
    uint8_t next = (uint8_t)((receiver->queue_put + 1U) % REQUEST_SLOTS);
    if (next == receiver->queue_take) {
        return 0; /* faster than they can be served: the Pi asks again */
    }
    struct request *slot = &receiver->queue[receiver->queue_put];
    slot->type = type;
    memcpy(slot->body, receiver->head + 1, REQUEST_BODY_BYTES);
    if (type == FRAME_PROBE) {
        for (uint8_t i = 2; i < 6; i++) {
            slot->body[i] = (uint8_t)ticks;
            ticks >>= 8;
        }
    }
    receiver->queue_put = next;
    return 1;
}

static void refuse(struct receiver *receiver) {
    receiver->frames_bad = (uint16_t)(receiver->frames_bad + 1U);
}

void receiver_take_byte(struct receiver *receiver, uint8_t byte, uint32_t ticks) {
    if (byte == 0) {
        if (!receiver->skipping && receiver->encoded_bytes > 0 &&
            !(is_whole(receiver) && queue_request(receiver, ticks))) {
            refuse(receiver);
        }
        begin_frame(receiver);
    } else if (!receiver->skipping) {
        receiver->encoded_bytes++;
        if (receiver->encoded_bytes > MAX_ENCODED_BYTES) {
            receiver->skipping = 1;
            refuse(receiver);
        } else if (receiver->group_bytes > 0) {
            receiver->group_bytes--;
            take_decoded(receiver, byte);
        } else {
            if (receiver->encoded_bytes > 1) {
                take_decoded(receiver, 0); /* every group but the last stands for a 0x00 */
            }
            receiver->group_bytes = (uint8_t)(byte - 1U);
        }
    }
}

uint8_t receiver_next(struct receiver *receiver, struct request *request) {
    uint8_t take = receiver->queue_take;
    if (take == receiver->queue_put) {
        return 0;
    }
    *request = receiver->queue[take];
    receiver->queue_take = (uint8_t)((take + 1U) % REQUEST_SLOTS);
    return 1;
}
