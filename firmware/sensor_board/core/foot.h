/*
 * Contacts of a foot. The same integer rules as firmware/andante/simulated/detector.py, which
 * explains them; tests hold the two against each other.
 */
#ifndef ANDANTE_FOOT_H
#define ANDANTE_FOOT_H

#include <stdint.h>

#include "event_ring.h"

#define FOOT_RING_VALUES 64U
#define FOOT_RECENT_SAMPLES 16U

struct foot_settings {
    uint32_t min_stance_ticks;
    uint32_t min_swing_ticks;
    uint16_t min_range_counts;
    uint16_t on_percent; /* of the range */
    uint16_t off_percent;
};

struct foot {
    uint32_t contact_ticks;
    uint32_t onset_ticks;
    uint32_t below_ticks;
    uint32_t off_ticks;
    uint16_t recent_counts[FOOT_RECENT_SAMPLES];
    uint16_t remembered_range; /* in 64ths of a count */
    uint16_t low_counts;
    uint16_t range_counts;
    uint16_t on_counts;
    uint16_t off_counts;
    uint16_t shuffle_off_counts;
    uint16_t bearing_counts;
    uint16_t rise_counts;
    uint16_t fall_counts;
    uint16_t peak_counts;
    uint8_t ring[FOOT_RING_VALUES];
    uint8_t ring_count;
    uint8_t ring_next;
    uint8_t samples; /* modulo 256 */
    uint8_t phase;
    uint8_t above_samples;
    uint8_t warm : 1; /* the recent samples are all real */
    uint8_t ready : 1;
    uint8_t bearing : 1;
    uint8_t shuffling : 1;
    uint8_t has_contact : 1; /* else it came down before we looked */
    uint8_t has_off : 1;     /* else the fall goes on */
};

/* Forget everything. A contact still open gets no `off`. */
void foot_init(struct foot *foot);

/*
 * One sample of 0 to 1023 counts, taken at `ticks`, 2000 ticks after the one before;
 * `other_bearing`: whether the other foot bore weight at the sample before. Returns 1 with
 * `event` filled in but for its channel.
 */
uint8_t foot_step(struct foot *foot, const struct foot_settings *settings, uint16_t counts,
                  uint32_t ticks, uint8_t other_bearing, struct event *event);

#endif
