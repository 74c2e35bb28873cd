/* Timer 1 as the board's clock: 2 MHz, free-running, 16 bits widened to 32. */
#ifndef ANDANTE_CLOCK_H
#define ANDANTE_CLOCK_H

#include <stdint.h>

void clock_init(void);

/* Now. From anywhere. */
uint32_t clock_now_ticks(void);

/* The time of a reading of timer 1 that is not older than 32 ms. From anywhere. */
uint32_t clock_widen_ticks(uint16_t reading_ticks);

#endif
