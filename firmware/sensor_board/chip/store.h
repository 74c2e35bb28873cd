/* What outlives a restart: the number of boots, of watchdog resets, and the settings. */
#ifndef ANDANTE_STORE_H
#define ANDANTE_STORE_H

#include <stdint.h>

#include "settings.h"

/* Count this boot; returns its number. Takes up to 14 ms. */
uint16_t store_count_boot(void);

/* Watchdog resets so far, this boot included if it was one. Takes up to 14 ms. */
uint16_t store_count_watchdog(uint8_t was_watchdog);

/* Read the image into SETTINGS_IMAGE_BYTES. */
void store_read_image(uint8_t *image);

/* Write the settings again from the first byte on. */
void store_begin_write(void);

/* Main loop: write the next byte if the EEPROM is ready. Never waits. */
void store_work(const struct settings *settings);

#endif
