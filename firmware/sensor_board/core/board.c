#include "board.h"

#include <string.h>

#include "platform.h"
#include "units.h"

static void apply_settings(struct board *board) {
    settings_for_foot(&board->settings, &board->foot_settings);
    struct tap_settings tap_settings;
    settings_for_tap(&board->settings, &tap_settings);
    board->onset_quiet_ticks =
        settings_get(&board->settings, SETTING_ONSET_QUIET_MS) * TICKS_PER_MS;
    UNINTERRUPTED {
        board->tap_settings = tap_settings;
    }
}

void board_init(struct board *board, const struct identity *identity, const uint8_t *image) {
    memset(board, 0, sizeof *board);
    board->identity = *identity;
    settings_from_image(&board->settings, image);
    apply_settings(board);
    receiver_init(&board->receiver);
    for (uint8_t i = 0; i < PAD_COUNT; i++) {
        tap_init(&board->taps[i]);
    }
    for (uint8_t i = 0; i < 2; i++) {
        foot_init(&board->feet[i]);
    }
    board->hello_due = 1;
}

void board_restart_blocks(struct board *board) {
    for (uint8_t i = 0; i < SWEEP_INPUTS; i++) {
        stream_restart(&board->streams[i]);
    }
}

void board_change_setting(struct board *board, uint8_t setting_id, int32_t value) {
    if (settings_set(&board->settings, setting_id, value)) {
        apply_settings(board);
        board_restart_blocks(board); /* a block has one period */
        board->settings_changed = 1;
    }
}

uint8_t board_take_tap(struct board *board, uint8_t pad, uint16_t counts, uint32_t ticks) {
    struct event event;
    enum tap_news news =
        tap_step(&board->taps[pad], &board->tap_settings, counts, ticks, &event);
    if (news == TAP_ON || news == TAP_OFF) {
        event.channel = (uint8_t)(CHANNEL_TAP_1 + pad);
        event_ring_push(&board->events, &event);
    }
    return news == TAP_BEGUN;
}

void board_take_sweep(struct board *board, const struct sweep *sweep) {
    uint8_t next = (uint8_t)((board->sweep_put + 1U) % SWEEP_QUEUE);
    if (next == board->sweep_take) {
        board->sweeps_lost = (uint16_t)(board->sweeps_lost + 1U);
        return;
    }
    board->sweeps[board->sweep_put] = *sweep;
    board->sweep_put = next;
}

void board_take_edge(struct board *board, uint8_t channel, uint32_t ticks) {
    struct onset *onset =
        channel == CHANNEL_PHOTODIODE ? &board->photodiode : &board->sound_line;
    if (onset_edge(onset, ticks, board->onset_quiet_ticks)) {
        struct event event;
        memset(&event, 0, sizeof event);
        event.channel = channel;
        event.ticks = ticks;
        event_ring_push(&board->events, &event);
    }
}

static void step_foot(struct board *board, uint8_t side, uint16_t counts, uint32_t ticks,
                      uint8_t other_bearing) {
    struct event event;
    if (foot_step(&board->feet[side], &board->foot_settings, counts, ticks, other_bearing,
                  &event)) {
        event.channel = (uint8_t)(CHANNEL_LEFT + side);
        event_ring_push(&board->events, &event);
    }
}

uint8_t board_work(struct board *board) {
    uint8_t take = board->sweep_take;
    if (take == board->sweep_put) {
        return 0;
    }
    const struct sweep *sweep = &board->sweeps[take];
    uint8_t left_bearing = board->feet[0].bearing; /* both look at the sample before */
    step_foot(board, 0, sweep->counts[SWEEP_LEFT], sweep->left_ticks, board->feet[1].bearing);
    step_foot(board, 1, sweep->counts[SWEEP_RIGHT], sweep->left_ticks + SWEEP_STAGGER_TICKS,
              left_bearing);
    if (board->open && board->streaming) {
        uint8_t period_ms = (uint8_t)settings_get(&board->settings, SETTING_STREAM_PERIOD_MS);
        uint32_t ticks = sweep->left_ticks;
        uint8_t inputs = settings_get(&board->settings, SETTING_STREAM_PHOTODIODE) != 0
                             ? SWEEP_INPUTS
                             : SWEEP_PHOTODIODE;
        for (uint8_t i = 0; i < inputs; i++, ticks += SWEEP_STAGGER_TICKS) {
            stream_take(&board->streams[i], sweep->counts[i], ticks, period_ms);
        }
    }
    board->sweep_take = (uint8_t)((take + 1U) % SWEEP_QUEUE);
    return 1;
}
