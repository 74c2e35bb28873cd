/* What the portable core asks of the ATmega328P. */
#ifndef ANDANTE_PLATFORM_H
#define ANDANTE_PLATFORM_H

#include <avr/pgmspace.h>
#include <stdint.h>
#include <util/atomic.h>

/* The block that follows is not interrupted. Keep it below 10 us: the readings wait meanwhile. */
#define UNINTERRUPTED ATOMIC_BLOCK(ATOMIC_RESTORESTATE)

/*
 * Tables that stay out of the 2 KB of RAM. Not avr-gcc's `__flash`: version 5.4 forgets it where a
 * loop walks along a table, and reads RAM instead.
 */
#define FLASH_TABLE PROGMEM

static inline uint16_t flash_u16(const uint16_t *at) {
    return pgm_read_word(at);
}

#endif
