#include "settings.h"

#include "crc16.h"
#include "platform.h"
#include "receiver.h"
#include "units.h"

struct range {
    uint16_t lowest;
    uint16_t highest;
    uint16_t otherwise;
};

/* In the order of the identifiers. The lowest `on` lies above the highest `off`, so that any two
 * values go together; 34 % because in a shuffling step a foot leaves at 33 %. */
static const struct range ranges[KEPT_SETTINGS] FLASH_TABLE = {
    {1, 32, 10},     /* STREAM_PERIOD_MS: a block's period has 16 bits of ticks */
    {0, 1, 0},       /* STREAM_PHOTODIODE */
    {34, 60, 35},    /* FOOT_ON_PERCENT */
    {5, 30, 15},     /* FOOT_OFF_PERCENT */
    {10, 500, 40},   /* FOOT_MIN_RANGE_COUNTS */
    {20, 1000, 100}, /* FOOT_MIN_STANCE_MS */
    {20, 1000, 100}, /* FOOT_MIN_SWING_MS */
    {6, 500, 20},    /* TAP_ON_COUNTS */
    {0, 25, 6},      /* TAP_ON_PERCENT */
    {5, 1000, 40},   /* TAP_REFRACTORY_MS */
    {0, 1, 0},       /* TONE: silent until asked for */
    {500, 4000, 1000}, /* TONE_HZ */
    {5, 200, 30},    /* TONE_MS */
    {5, 1000, 50},   /* ONSET_QUIET_MS */
};

void settings_default(struct settings *settings) {
    for (uint8_t i = 0; i < KEPT_SETTINGS; i++) {
        settings->kept[i] = flash_u16(&ranges[i].otherwise);
    }
}

uint16_t settings_get(const struct settings *settings, uint8_t setting_id) {
    return settings->kept[setting_id - SETTING_FIRST_KEPT];
}

static uint8_t is_in_range(uint8_t index, int32_t value) {
    return value >= (int32_t)flash_u16(&ranges[index].lowest) &&
           value <= (int32_t)flash_u16(&ranges[index].highest);
}

uint8_t settings_set(struct settings *settings, uint8_t setting_id, int32_t value) {
    uint8_t index = (uint8_t)(setting_id - SETTING_FIRST_KEPT);
    if (!is_in_range(index, value) || settings->kept[index] == (uint16_t)value) {
        return 0;
    }
    settings->kept[index] = (uint16_t)value;
    return 1;
}

static uint8_t content_byte(const struct settings *settings, uint8_t index) {
    if (index == 0) {
        return SETTINGS_VERSION;
    }
    uint16_t value = settings->kept[(index - 1U) / 2U];
    return (uint8_t)((index % 2U) != 0 ? value : value >> 8);
}

uint8_t settings_image_byte(const struct settings *settings, uint8_t index) {
    if (index < SETTINGS_IMAGE_BYTES - 2U) {
        return content_byte(settings, index);
    }
    uint16_t crc = CRC16_START;
    for (uint8_t i = 0; i < SETTINGS_IMAGE_BYTES - 2U; i++) {
        crc = crc16_add(crc, content_byte(settings, i));
    }
    return (uint8_t)(index == SETTINGS_IMAGE_BYTES - 2U ? crc : crc >> 8);
}

static uint8_t is_sound(const uint8_t *image) {
    uint16_t crc = CRC16_START;
    for (uint8_t i = 0; i < SETTINGS_IMAGE_BYTES - 2U; i++) {
        crc = crc16_add(crc, image[i]);
    }
    return image[0] == SETTINGS_VERSION && crc == get_u16(image + SETTINGS_IMAGE_BYTES - 2U);
}

uint8_t settings_from_image(struct settings *settings, const uint8_t *image) {
    settings_default(settings);
    if (!is_sound(image)) {
        return 0;
    }
    for (uint8_t i = 0; i < KEPT_SETTINGS; i++) {
        uint16_t value = get_u16(image + 1U + 2U * i);
        if (!is_in_range(i, value)) {
            settings_default(settings);
            return 0;
        }
        settings->kept[i] = value;
    }
    return 1;
}

void settings_for_foot(const struct settings *settings, struct foot_settings *foot) {
    foot->on_percent = settings_get(settings, SETTING_FOOT_ON_PERCENT);
    foot->off_percent = settings_get(settings, SETTING_FOOT_OFF_PERCENT);
    foot->min_range_counts = settings_get(settings, SETTING_FOOT_MIN_RANGE_COUNTS);
    foot->min_stance_ticks =
        settings_get(settings, SETTING_FOOT_MIN_STANCE_MS) * TICKS_PER_MS;
    foot->min_swing_ticks =
        settings_get(settings, SETTING_FOOT_MIN_SWING_MS) * TICKS_PER_MS;
}

void settings_for_tap(const struct settings *settings, struct tap_settings *tap) {
    tap->on_counts = settings_get(settings, SETTING_TAP_ON_COUNTS);
    tap->on_percent = settings_get(settings, SETTING_TAP_ON_PERCENT);
    tap->refractory_samples = (uint16_t)(settings_get(settings, SETTING_TAP_REFRACTORY_MS) *
                                         (TICKS_PER_MS / TAP_PERIOD_TICKS));
}
