/* The conversation with the Pi: docs/wire-protocol.md, "The board, in words". */
#include <string.h>

#include "board.h"
#include "frame.h"
#include "platform.h"
#include "units.h"

/*
 * The stamps are those of the PROBE's first and the answer's last byte, so that the bytes' own
 * time on the line does not look like a delay. COBS makes both lengths constant.
 */
#define PROBE_BYTES 7U
#define PROBE_REPLY_BYTES 15U
#define BYTE_TICKS 80U /* ten bits at 250 000 baud */

#define FLAG_OFF 1U
#define FLAG_MEASURED 2U
#define FLAG_RESENT 4U

/* --- what the Pi asks --------------------------------------------------------------------- */

static uint16_t frames_bad(const struct board *board) {
    uint16_t count = 0;
    UNINTERRUPTED {
        count = board->receiver.frames_bad;
    }
    return count;
}

static void begin_conversation(struct board *board) {
    board->open = 0;
    board->streaming = 0;
    board->status_due = 0;
    board->probe_due = 0;
    board->settings_asked = 0;
    board->in_flight = 0;
    board->next_sent = 0;
    board->frames_bad_before = frames_bad(board);
    for (uint8_t i = 0; i < SWEEP_INPUTS; i++) {
        stream_init(&board->streams[i]);
    }
    UNINTERRUPTED {
        event_ring_clear(&board->events);
    }
}

static void on_hello_request(struct board *board, const uint8_t *body) {
    uint32_t conversation_id = get_u32(body + 1);
    if (conversation_id != board->conversation_id) {
        board->conversation_id = conversation_id;
        if (body[5] == 0) {
            begin_conversation(board);
        }
    }
    board->hello_due = 1;
}

static void acknowledge(struct board *board, uint16_t next_event_seq, uint32_t now_ticks) {
    struct event_cursor cursor = event_ring_first(&board->events);
    struct event_cursor after_arrived = cursor;
    uint16_t arrived = 0; /* as the distance from the oldest event */
    uint16_t last = 0;
    uint16_t first_seq = 0;
    uint8_t count = 0;
    for (uint8_t i = 0; i < board->in_flight; i++) {
        struct event event;
        event_ring_read(&board->events, &cursor, &event);
        if (i == 0) {
            first_seq = event.event_seq;
            arrived = (uint16_t)(next_event_seq - first_seq - 1U);
        }
        last = (uint16_t)(event.event_seq - first_seq);
        if (last <= arrived) {
            count++;
            after_arrived = cursor;
        }
    }
    if (count == 0 || arrived > last) {
        return; /* for less or more than what is on its way: stale or absurd */
    }
    UNINTERRUPTED {
        event_ring_drop(&board->events, &after_arrived, count);
    }
    board->in_flight = (uint8_t)(board->in_flight - count);
    board->next_sent = board->next_sent > count ? (uint8_t)(board->next_sent - count) : 0;
    board->resend_ticks = now_ticks + RESEND_MS * TICKS_PER_MS;
}

static void on_ack(struct board *board, const uint8_t *body, uint32_t now_ticks) {
    if (get_u16(body) != board->identity.boot_id || board->conversation_id == 0) {
        return;
    }
    if (!board->open) {
        board->open = 1;
        board->status_due = 1;
        board->status_ticks = now_ticks + STATUS_MS * TICKS_PER_MS;
    }
    acknowledge(board, get_u16(body + 2), now_ticks);
}

static uint8_t is_known(uint8_t setting_id) {
    return (setting_id >= SETTING_SAMPLE_STREAM && setting_id <= SETTING_LAST_KEPT) ||
           (setting_id >= COUNTER_SLOTS_MISSED && setting_id <= COUNTER_WATCHDOG_RESETS);
}

static void on_setting_set(struct board *board, const uint8_t *body) {
    uint8_t setting_id = body[0];
    int32_t value = (int32_t)get_u32(body + 1);
    if (!is_known(setting_id)) {
        return;
    }
    if (setting_id == SETTING_SAMPLE_STREAM) {
        if (value == 0 || value == 1) {
            board->streaming = value == 1;
            board_restart_blocks(board);
        }
    } else if (setting_id <= SETTING_LAST_KEPT) {
        board_change_setting(board, setting_id, value);
    }
    board->settings_asked |= (uint32_t)1 << setting_id;
}

void board_converse(struct board *board, uint32_t now_ticks) {
    struct request request;
    while (receiver_next(&board->receiver, &request)) {
        switch (request.type) {
            case FRAME_HELLO_REQUEST:
                on_hello_request(board, request.body);
                break;
            case FRAME_PROBE:
                board->probe_due = board->open;
                board->probe_id = get_u16(request.body);
                board->probe_received_ticks = get_u32(request.body + 2);
                break;
            case FRAME_ACK:
                on_ack(board, request.body, now_ticks);
                break;
            case FRAME_SETTING_SET:
                on_setting_set(board, request.body);
                break;
            default: /* of another protocol version: say ours */
                board->hello_due = 1;
                break;
        }
    }
    if (!board->open) {
        return;
    }
    if (is_due(now_ticks, board->status_ticks)) {
        board->status_ticks += STATUS_MS * TICKS_PER_MS;
        board->status_due = 1;
    }
    if (board->in_flight > 0 && is_due(now_ticks, board->resend_ticks)) {
        board->resend_ticks = now_ticks + RESEND_MS * TICKS_PER_MS;
        board->next_sent = 0;
    }
}

/* --- what the board says ------------------------------------------------------------------ */

static uint8_t hello_frame(struct board *board, uint8_t *out) {
    struct frame_writer writer;
    frame_begin(&writer, out, FRAME_HELLO);
    frame_u8(&writer, PROTOCOL_VERSION);
    frame_u8(&writer, FIRMWARE_MAJOR);
    frame_u8(&writer, FIRMWARE_MINOR);
    frame_u8(&writer, FIRMWARE_PATCH);
    frame_u32(&writer, TICK_HZ);
    frame_u8(&writer, board->identity.boot_reason);
    frame_u16(&writer, board->identity.boot_id);
    frame_u32(&writer, board->conversation_id);
    frame_u8(&writer, board->identity.hello_flags);
    board->hello_due = 0;
    return frame_end(&writer);
}

static uint8_t probe_reply_frame(struct board *board, uint32_t leave_ticks, uint8_t *out) {
    struct frame_writer writer;
    frame_begin(&writer, out, FRAME_PROBE_REPLY);
    frame_u16(&writer, board->probe_id);
    frame_u32(&writer, board->probe_received_ticks - PROBE_BYTES * BYTE_TICKS);
    frame_u32(&writer, leave_ticks + PROBE_REPLY_BYTES * BYTE_TICKS);
    board->probe_due = 0;
    return frame_end(&writer);
}

static uint8_t status_frame(struct board *board, uint8_t *out) {
    struct frame_writer writer;
    uint16_t dropped = 0;
    UNINTERRUPTED {
        dropped = board->events.dropped;
    }
    frame_begin(&writer, out, FRAME_STATUS);
    frame_u16(&writer, dropped);
    frame_u16(&writer, (uint16_t)(frames_bad(board) - board->frames_bad_before));
    frame_u8(&writer, 0); /* a real sensor has no end */
    board->status_due = 0;
    return frame_end(&writer);
}

static uint8_t event_frame(struct board *board, uint32_t now_ticks, uint8_t *out) {
    struct event event;
    if (board->next_sent == 0) {
        board->send_from = event_ring_first(&board->events);
    }
    event_ring_read(&board->events, &board->send_from, &event);
    uint8_t flags = event.off ? FLAG_OFF | FLAG_MEASURED : 0;
    if (board->next_sent < board->in_flight) {
        flags |= FLAG_RESENT;
    } else {
        if (board->in_flight == 0) {
            board->resend_ticks = now_ticks + RESEND_MS * TICKS_PER_MS;
        }
        board->in_flight++;
    }
    board->next_sent++;
    struct frame_writer writer;
    frame_begin(&writer, out, FRAME_EVENT);
    frame_u16(&writer, event.event_seq);
    frame_u16(&writer, event.lost_before);
    frame_u8(&writer, event.channel);
    frame_u8(&writer, flags);
    frame_u32(&writer, event.ticks);
    frame_u16(&writer, event.peak_counts);
    frame_u32(&writer, event.duration_ticks);
    return frame_end(&writer);
}

static uint16_t counter(const struct board *board, uint8_t setting_id) {
    uint16_t value = 0;
    UNINTERRUPTED {
        switch (setting_id) {
            case COUNTER_SLOTS_MISSED:
                value = board->slots_missed;
                break;
            case COUNTER_SWEEPS_LOST:
                value = board->sweeps_lost;
                break;
            case COUNTER_STACK_FREE_BYTES:
                value = board->stack_free_bytes;
                break;
            default:
                value = board->watchdog_resets;
                break;
        }
    }
    return value;
}

static uint8_t setting_frame(struct board *board, uint8_t *out) {
    uint8_t setting_id = 0;
    while (!(board->settings_asked >> setting_id & 1U)) {
        setting_id++;
    }
    board->settings_asked &= ~((uint32_t)1 << setting_id);
    uint16_t value = board->streaming;
    if (setting_id > SETTING_LAST_KEPT) {
        value = counter(board, setting_id);
    } else if (setting_id >= SETTING_FIRST_KEPT) {
        value = settings_get(&board->settings, setting_id);
    }
    struct frame_writer writer;
    frame_begin(&writer, out, FRAME_SETTING);
    frame_u8(&writer, setting_id);
    frame_u32(&writer, value);
    return frame_end(&writer);
}

/* SWEEP_LEFT and _RIGHT are channels 0 and 1, SWEEP_BELT and _PHOTODIODE 6 and 7. */
static uint8_t channel_of(uint8_t input) {
    return input < SWEEP_BELT ? input : (uint8_t)(CHANNEL_BELT - SWEEP_BELT + input);
}

static uint8_t samples_frame(struct board *board, uint8_t *out) {
    for (uint8_t i = 0; i < SWEEP_INPUTS; i++) {
        if (stream_is_full(&board->streams[i])) {
            uint8_t period_ms = (uint8_t)settings_get(&board->settings, SETTING_STREAM_PERIOD_MS);
            return stream_frame(&board->streams[i], channel_of(i), period_ms, out);
        }
    }
    return 0;
}

uint8_t board_next_frame(struct board *board, uint32_t now_ticks, uint8_t line_idle, uint8_t *out,
                         uint8_t *at_instant, uint32_t *leave_ticks) {
    *at_instant = 0;
    if (board->hello_due) {
        return hello_frame(board, out);
    }
    if (board->probe_due) {
        if (!line_idle) {
            return 0; /* the stamp of leaving must not wait for another frame's end */
        }
        *at_instant = 1;
        *leave_ticks = now_ticks + REPLY_LEAD_TICKS;
        return probe_reply_frame(board, *leave_ticks, out);
    }
    if (board->status_due) {
        return status_frame(board, out);
    }
    if (board->open && board->next_sent < WINDOW_EVENTS &&
        board->next_sent < board->events.count) {
        return event_frame(board, now_ticks, out);
    }
    if (board->settings_asked != 0) {
        return setting_frame(board, out);
    }
    return samples_frame(board, out);
}
