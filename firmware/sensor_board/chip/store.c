#include "store.h"

#include <avr/eeprom.h>

#define BOOTS_AT ((uint16_t *)0)
#define WATCHDOG_RESETS_AT ((uint16_t *)2)
#define IMAGE_AT ((uint8_t *)16)

static uint8_t next_byte = SETTINGS_IMAGE_BYTES;

/* The word holds the count less one, so that an erased one (0xFFFF) is 0. */
static uint16_t count(uint16_t *at, uint16_t add) {
    uint16_t stored = (uint16_t)(eeprom_read_word(at) + add);
    eeprom_update_word(at, stored);
    return (uint16_t)(stored + 1U);
}

uint16_t store_count_boot(void) {
    return count(BOOTS_AT, 1);
}

uint16_t store_count_watchdog(uint8_t was_watchdog) {
    return count(WATCHDOG_RESETS_AT, was_watchdog);
}

void store_read_image(uint8_t *image) {
    eeprom_read_block(image, IMAGE_AT, SETTINGS_IMAGE_BYTES);
}

void store_begin_write(void) {
    next_byte = 0;
}

void store_work(const struct settings *settings) {
    if (next_byte < SETTINGS_IMAGE_BYTES && eeprom_is_ready()) {
        eeprom_update_byte(IMAGE_AT + next_byte, settings_image_byte(settings, next_byte));
        next_byte++;
    }
}
