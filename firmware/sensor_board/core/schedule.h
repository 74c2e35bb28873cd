/*
 * Which input is read in which of the 20 slots of a millisecond. Four of five slots go to the
 * pads, in turn, so that each is read every 250 us; the fifth goes round left, right, belt and
 * photodiode level, so that each of these is read once a millisecond.
 */
#ifndef ANDANTE_SCHEDULE_H
#define ANDANTE_SCHEDULE_H

#include <stdint.h>

#define SLOTS_PER_SWEEP 20U
#define SLOTS_PER_ROUND 5U

enum adc_input { ADC_TAP_1 = 0, ADC_LEFT = 4, ADC_RIGHT = 5, ADC_BELT = 6, ADC_PHOTODIODE = 7 };

struct schedule {
    uint8_t place; /* within the round: 0 to 3 a pad, 4 the others */
    uint8_t round; /* 0 to 3 */
};

/* The ADC's multiplexer setting for this slot. */
static inline uint8_t schedule_input(const struct schedule *schedule) {
    return schedule->place < SLOTS_PER_ROUND - 1U ? (uint8_t)(ADC_TAP_1 + schedule->place)
                                                  : (uint8_t)(ADC_LEFT + schedule->round);
}

static inline void schedule_advance(struct schedule *schedule) {
    schedule->place++;
    if (schedule->place == SLOTS_PER_ROUND) {
        schedule->place = 0;
        schedule->round = (uint8_t)((schedule->round + 1U) % (SLOTS_PER_SWEEP / SLOTS_PER_ROUND));
    }
}

#endif
