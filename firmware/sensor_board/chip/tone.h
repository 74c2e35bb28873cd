/* The tap tone on OC2A, made by timer 2 alone. */
#ifndef ANDANTE_TONE_H
#define ANDANTE_TONE_H

#include <stdint.h>

/* `length_ms` 0: no tone. */
void tone_configure(uint16_t tone_hz, uint8_t length_ms);

/* Interrupt: sound now, or go on sounding. The first edge comes within 12 us. */
void tone_start(void);

/* Interrupt, every millisecond. */
void tone_count_down(void);

#endif
