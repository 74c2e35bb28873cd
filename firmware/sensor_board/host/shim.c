#include "shim.h"

#include <stdlib.h>
#include <string.h>

#include "schedule.h"
#include "units.h"

#define BEGUN_CHANNEL 255U

static size_t add(struct found_edge *found, size_t used, size_t room, const struct event *event,
                  uint8_t channel, uint32_t found_ticks) {
    if (used == room) {
        return used;
    }
    found[used] = (struct found_edge){event->ticks,       found_ticks, event->duration_ticks,
                                      event->peak_counts, channel,     event->off};
    return used + 1;
}

size_t shim_run_feet(const uint16_t *left_counts, const uint16_t *right_counts, size_t count,
                     uint32_t first_ticks, struct found_edge *found, size_t room) {
    struct settings settings;
    struct foot_settings foot_settings;
    settings_default(&settings);
    settings_for_foot(&settings, &foot_settings);
    struct foot left;
    struct foot right;
    foot_init(&left);
    foot_init(&right);
    size_t used = 0;
    uint32_t ticks = first_ticks;
    for (size_t i = 0; i < count; i++, ticks += SWEEP_PERIOD_TICKS) {
        struct event event;
        uint8_t left_bearing = left.bearing;
        if (foot_step(&left, &foot_settings, left_counts[i], ticks, right.bearing, &event)) {
            used = add(found, used, room, &event, CHANNEL_LEFT, ticks);
        }
        if (foot_step(&right, &foot_settings, right_counts[i], ticks, left_bearing, &event)) {
            used = add(found, used, room, &event, CHANNEL_RIGHT, ticks);
        }
    }
    return used;
}

size_t shim_run_tap(const uint16_t *counts, size_t count, uint32_t first_ticks, uint16_t on_counts,
                    uint16_t on_percent, uint16_t refractory_samples, struct found_edge *found,
                    size_t room) {
    struct tap_settings settings = {on_counts, on_percent, refractory_samples};
    struct tap tap;
    tap_init(&tap);
    size_t used = 0;
    uint32_t ticks = first_ticks;
    for (size_t i = 0; i < count; i++, ticks += TAP_PERIOD_TICKS) {
        struct event event;
        if (tap_step_if_dull(&tap, counts[i])) {
            continue;
        }
        enum tap_news news = tap_step(&tap, &settings, counts[i], ticks, &event);
        if (news == TAP_BEGUN) {
            memset(&event, 0, sizeof event);
            event.ticks = ticks;
            used = add(found, used, room, &event, BEGUN_CHANNEL, ticks);
        } else if (news != TAP_NOTHING) {
            used = add(found, used, room, &event, CHANNEL_TAP_1, ticks);
        }
    }
    return used;
}

struct board *shim_board_new(uint16_t boot_id, uint8_t boot_reason, uint8_t hello_flags,
                             const uint8_t *image) {
    struct board *board = malloc(sizeof *board);
    if (board != NULL) {
        struct identity identity = {boot_id, boot_reason, hello_flags};
        board_init(board, &identity, image);
    }
    return board;
}

void shim_board_free(struct board *board) {
    free(board);
}

void shim_receive(struct board *board, const uint8_t *bytes, size_t count, uint32_t ticks) {
    for (size_t i = 0; i < count; i++) {
        receiver_take_byte(&board->receiver, bytes[i], ticks);
        board_converse(board, ticks);
    }
}

void shim_push(struct board *board, uint8_t channel, uint8_t off, uint32_t ticks,
               uint16_t peak_counts, uint32_t duration_ticks) {
    struct event event;
    memset(&event, 0, sizeof event);
    event.channel = channel;
    event.off = off;
    event.ticks = ticks;
    event.peak_counts = peak_counts;
    event.duration_ticks = duration_ticks;
    event_ring_push(&board->events, &event);
}

uint16_t shim_events_kept(const struct board *board) {
    return board->events.count;
}

uint16_t shim_frames_bad(const struct board *board) {
    return board->receiver.frames_bad;
}

uint8_t shim_take_settings_changed(struct board *board) {
    uint8_t changed = board->settings_changed;
    board->settings_changed = 0;
    return changed;
}

void shim_image(const struct board *board, uint8_t *image) {
    for (uint8_t i = 0; i < SETTINGS_IMAGE_BYTES; i++) {
        image[i] = settings_image_byte(&board->settings, i);
    }
}

void shim_set_counters(struct board *board, uint16_t slots_missed, uint16_t stack_free_bytes,
                       uint16_t watchdog_resets) {
    board->slots_missed = slots_missed;
    board->stack_free_bytes = stack_free_bytes;
    board->watchdog_resets = watchdog_resets;
}

uint32_t shim_widen(uint16_t overflows, uint16_t reading_ticks, uint8_t pending) {
    return widen_ticks(overflows, reading_ticks, pending);
}

uint32_t shim_widen_past(uint32_t now_ticks, uint16_t reading_ticks) {
    return widen_past_ticks(now_ticks, reading_ticks);
}

void shim_schedule(uint8_t *inputs, size_t count) {
    struct schedule schedule = {0, 0};
    for (size_t i = 0; i < count; i++) {
        inputs[i] = schedule_input(&schedule);
        schedule_advance(&schedule);
    }
}

size_t shim_image_bytes(void) {
    return SETTINGS_IMAGE_BYTES;
}

size_t shim_ring_bytes(void) {
    return EVENT_RING_BYTES;
}
