/* The main loop sleeps until an interrupt has work for it. */
#ifndef ANDANTE_WAKE_H
#define ANDANTE_WAKE_H

#include <stdint.h>

extern volatile uint8_t work_waits;

/* Interrupt: there is something to do. */
static inline void wake_main(void) {
    work_waits = 1;
}

/* Main loop: sleep (idle mode, all timers run) until then. Also the idle time that tests count. */
void sleep_until_work(void);

#endif
