#include "tone.h"

#include <avr/io.h>

#include "platform.h"

#define PRESCALER 64UL /* 500 Hz to 4 kHz fit 8 bits */

static volatile uint8_t half_period_counts = 249;
static volatile uint8_t tone_length_ms;
static uint8_t left_ms;

void tone_configure(uint16_t tone_hz, uint8_t length_ms) {
    half_period_counts = (uint8_t)(F_CPU / (2UL * PRESCALER * tone_hz) - 1U);
    tone_length_ms = length_ms;
}

void tone_start(void) {
    if (tone_length_ms == 0) {
        return;
    }
    UNINTERRUPTED {
        if (left_ms == 0) {
            OCR2A = half_period_counts;
            TCCR2B = 1 << CS22;
            TCCR2A = (1 << COM2A0) | (1 << WGM21); /* toggle at each match, restart from 0 */
            TCNT2 = (uint8_t)(half_period_counts - 2U); /* the first match is near */
        }
        left_ms = tone_length_ms;
    }
}

void tone_count_down(void) {
    if (left_ms > 0 && --left_ms == 0) {
        TCCR2A = 0; /* the pin falls back to its port's 0 */
        TCCR2B = 0;
    }
}
