/* What can be set over the wire, kept in EEPROM. The catalogue is in README.md, "Settings". */
#ifndef ANDANTE_SETTINGS_H
#define ANDANTE_SETTINGS_H

#include <stdint.h>

#include "foot.h"
#include "tap.h"

/* Identifiers on the wire. Those up to SETTING_LAST_KEPT after SAMPLE_STREAM outlive a restart. */
enum setting {
    SETTING_SAMPLE_STREAM = 1,
    SETTING_STREAM_PERIOD_MS = 2,
    SETTING_STREAM_PHOTODIODE = 3,
    SETTING_FOOT_ON_PERCENT = 4,
    SETTING_FOOT_OFF_PERCENT = 5,
    SETTING_FOOT_MIN_RANGE_COUNTS = 6,
    SETTING_FOOT_MIN_STANCE_MS = 7,
    SETTING_FOOT_MIN_SWING_MS = 8,
    SETTING_TAP_ON_COUNTS = 9,
    SETTING_TAP_ON_PERCENT = 10,
    SETTING_TAP_REFRACTORY_MS = 11,
    SETTING_TONE = 12,
    SETTING_TONE_HZ = 13,
    SETTING_TONE_MS = 14,
    SETTING_ONSET_QUIET_MS = 15,
    /* Figures that can be read only. */
    COUNTER_SLOTS_MISSED = 24,
    COUNTER_SWEEPS_LOST = 25,
    COUNTER_STACK_FREE_BYTES = 26,
    COUNTER_WATCHDOG_RESETS = 27
};

#define SETTING_FIRST_KEPT SETTING_STREAM_PERIOD_MS
#define SETTING_LAST_KEPT SETTING_ONSET_QUIET_MS
#define KEPT_SETTINGS (SETTING_LAST_KEPT - SETTING_FIRST_KEPT + 1U)

struct settings {
    uint16_t kept[KEPT_SETTINGS]; /* by identifier less SETTING_FIRST_KEPT */
};

#define SETTINGS_VERSION 1U
/* Version, values, CRC-16 over both; little-endian. */
#define SETTINGS_IMAGE_BYTES (1U + 2U * KEPT_SETTINGS + 2U)

void settings_default(struct settings *settings);

uint16_t settings_get(const struct settings *settings, uint8_t setting_id);

/* Take a value that lies in its range. Returns 1 where something has changed. */
uint8_t settings_set(struct settings *settings, uint8_t setting_id, int32_t value);

/* Byte `index` of the image for the EEPROM. */
uint8_t settings_image_byte(const struct settings *settings, uint8_t index);

/* Take an image as read. A damaged one, or a value out of range, gives all defaults and 0. */
uint8_t settings_from_image(struct settings *settings, const uint8_t *image);

void settings_for_foot(const struct settings *settings, struct foot_settings *foot);
void settings_for_tap(const struct settings *settings, struct tap_settings *tap);

#endif
