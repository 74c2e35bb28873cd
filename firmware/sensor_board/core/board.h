/*
 * The board: what the inputs feel becomes events and blocks of samples, and these leave in
 * frames when the Pi wants them. Knows no register; the chip layer and the host's tests drive it.
 *
 * Functions marked "interrupt" may interrupt the others. One of them never interrupts itself, and
 * what they share is the ring of events, which they enter uninterrupted.
 */
#ifndef ANDANTE_BOARD_H
#define ANDANTE_BOARD_H

#include <stdint.h>

#include "channels.h"
#include "event_ring.h"
#include "foot.h"
#include "onset.h"
#include "receiver.h"
#include "settings.h"
#include "stream.h"
#include "tap.h"

#define FIRMWARE_MAJOR 0U
#define FIRMWARE_MINOR 1U
#define FIRMWARE_PATCH 0U

#define MAX_FRAME_BYTES 32U /* SAMPLES: 11 + 16 body, 2 CRC, 2 COBS and delimiter */
#define SWEEP_QUEUE 4U      /* a power of two; one place stays empty */
#define WINDOW_EVENTS 8U
#define RESEND_MS 50U
#define STATUS_MS 1000U
/* From the making of a PROBE_REPLY to its first byte; the stamp is true if it is kept. */
#define REPLY_LEAD_TICKS 400U

/* The inputs that are read once a millisecond, in the order of their reading. */
enum sweep_input { SWEEP_LEFT, SWEEP_RIGHT, SWEEP_BELT, SWEEP_PHOTODIODE, SWEEP_INPUTS };

struct sweep {
    uint32_t left_ticks; /* the others follow, SWEEP_STAGGER_TICKS apart */
    uint16_t counts[SWEEP_INPUTS];
};
#define SWEEP_STAGGER_TICKS 500U

enum boot_reason {
    BOOT_UNKNOWN = 0,
    BOOT_POWER_ON = 1,
    BOOT_RESET_PIN = 2,
    BOOT_BROWN_OUT = 3,
    BOOT_WATCHDOG = 4
};

struct identity {
    uint16_t boot_id;
    uint8_t boot_reason;
    uint8_t hello_flags;
};

struct board {
    struct settings settings;
    struct foot_settings foot_settings;
    struct tap_settings tap_settings;
    uint32_t onset_quiet_ticks;
    struct identity identity;
    struct receiver receiver;
    struct tap taps[PAD_COUNT];
    struct foot feet[2];
    struct onset photodiode;
    struct onset sound_line;
    struct sweep sweeps[SWEEP_QUEUE];
    volatile uint8_t sweep_put;
    volatile uint8_t sweep_take;
    struct stream streams[SWEEP_INPUTS];
    /* Figures for COUNTER_...: those of the chip layer are set by it. */
    volatile uint16_t slots_missed;
    volatile uint16_t sweeps_lost;
    uint16_t stack_free_bytes;
    uint16_t watchdog_resets;
    uint8_t settings_changed; /* the chip layer writes them to EEPROM and clears this */
    /* The conversation. */
    struct event_cursor send_from; /* where event next_sent is, unless that is the first */
    uint32_t conversation_id;
    uint32_t resend_ticks;
    uint32_t status_ticks;
    uint32_t settings_asked; /* a bit for each identifier to be answered */
    uint32_t probe_received_ticks;
    uint16_t probe_id;
    uint16_t frames_bad_before;
    uint8_t in_flight;  /* events sent at least once and not acknowledged */
    uint8_t next_sent;  /* of these or the next: which leaves next */
    uint8_t next_stream;
    uint8_t open : 1;
    uint8_t streaming : 1;
    uint8_t hello_due : 1;
    uint8_t status_due : 1;
    uint8_t probe_due : 1;
    struct event_ring events;
};

/* `image`: SETTINGS_IMAGE_BYTES from the EEPROM. Everything else begins at zero. */
void board_init(struct board *board, const struct identity *identity, const uint8_t *image);

/* Main loop: take a kept setting that lies in its range; it is in force at once. */
void board_change_setting(struct board *board, uint8_t setting_id, int32_t value);

/* Main loop: throw away the readings that have not left, and gather new blocks. */
void board_restart_blocks(struct board *board);

/* Interrupt: a reading of pad 0 to 3 at `ticks`. Returns 1 at the tap itself, for the tone. */
uint8_t board_take_tap(struct board *board, uint8_t pad, uint16_t counts, uint32_t ticks);

/* Interrupt: the readings of one millisecond. */
void board_take_sweep(struct board *board, const struct sweep *sweep);

/* Main loop: an edge on CHANNEL_PHOTODIODE or CHANNEL_SOUND_LINE. */
void board_take_edge(struct board *board, uint8_t channel, uint32_t ticks);

/* Main loop: work off one waiting sweep. Returns 0 where none waits. */
uint8_t board_work(struct board *board);

/* Main loop: answer what the Pi asks, and let the timers run. In link.c, as the next. */
void board_converse(struct board *board, uint32_t now_ticks);

/*
 * Main loop, when the transmitter has taken the whole of the last frame: the next frame's length,
 * 0 where there is none. `line_idle`: the last byte has left the line as well. A PROBE_REPLY is
 * made on an idle line only; then `leave_ticks` is the instant at which its first byte has to
 * leave and 1 is put in `at_instant`.
 */
uint8_t board_next_frame(struct board *board, uint32_t now_ticks, uint8_t line_idle, uint8_t *out,
                         uint8_t *at_instant, uint32_t *leave_ticks);

#endif
