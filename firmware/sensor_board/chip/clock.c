#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "platform.h"
#include "units.h"

static volatile uint16_t overflows;

ISR(TIMER1_OVF_vect) {
    overflows++;
}

void clock_init(void) {
    /* Normal mode, clock / 8; rising edge of ICP1 with the noise canceller's 4 cycles (0.25 us). */
    TCCR1A = 0;
    TCCR1B = (1 << ICNC1) | (1 << ICES1) | (1 << CS11);
    TIMSK1 = (1 << TOIE1);
}

uint32_t clock_now_ticks(void) {
    uint32_t now_ticks = 0;
    UNINTERRUPTED {
        uint16_t reading_ticks = TCNT1; /* before the flag: a low reading then has its overflow */
        now_ticks = widen_ticks(overflows, reading_ticks, TIFR1 & (1 << TOV1));
    }
    return now_ticks;
}

uint32_t clock_widen_ticks(uint16_t reading_ticks) {
    return widen_past_ticks(clock_now_ticks(), reading_ticks);
}
