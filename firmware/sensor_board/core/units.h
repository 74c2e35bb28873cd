/* The board's units of time. Every instant is in ticks of timer 1, widened to 32 bits. */
#ifndef ANDANTE_UNITS_H
#define ANDANTE_UNITS_H

#include <stdint.h>

#define TICK_HZ 2000000UL
#define TICKS_PER_MS 2000UL /* long: an int has 16 bits on the chip */

#define SLOT_TICKS 100U          /* one analogue reading every 50 us */
#define TAP_PERIOD_TICKS 500U    /* each pad at 4 kHz */
#define SWEEP_PERIOD_TICKS 2000U /* feet, belt and photodiode level at 1 kHz */

/* Whether `ticks` has come, over the counter's wrap. True for up to 17 min afterwards. */
static inline uint8_t is_due(uint32_t now_ticks, uint32_t ticks) {
    return (uint8_t)((now_ticks - ticks) < 0x80000000UL);
}

/*
 * The 32-bit time of a 16-bit reading of timer 1. `overflows` is what the overflow interrupt has
 * counted and `pending` says that one more waits to be counted. A low reading was then taken
 * after that overflow, a high one before it; the interrupt never waits half a turn (16 ms).
 */
static inline uint32_t widen_ticks(uint16_t overflows, uint16_t reading_ticks, uint8_t pending) {
    if (pending && reading_ticks < 0x8000U) {
        overflows++;
    }
    return ((uint32_t)overflows << 16) | reading_ticks;
}

/* The 32-bit time of a 16-bit reading that is less than a turn (32 ms) older than now. */
static inline uint32_t widen_past_ticks(uint32_t now_ticks, uint16_t reading_ticks) {
    return now_ticks - (uint16_t)((uint16_t)now_ticks - reading_ticks);
}

#endif
