#include "foot.h"

#include <string.h>

#include "units.h"

/* The constants of DetectorSettings in detector.py. */
#define RING_PERIOD_SAMPLES 64U
#define RING_VALUES_NEEDED 16U
#define EDGE_PERCENT 5U
#define EDGE_VALUES 4U /* 64 values * 5 % and one more */
#define MEMORY_DECAY_SHIFT_BITS 8U
#define SHUFFLE_OFF_PERCENT 33U
#define BEARING_PERCENT 50U
#define RISE_PERMILLE 22U
#define FALL_PERMILLE 16U
#define CONFIRM_SAMPLES 4U
#define MIN_SHUFFLE_TICKS (60UL * SWEEP_PERIOD_TICKS)
#define LONGEST_FALL_TICKS (150UL * SWEEP_PERIOD_TICKS)
#define LAG_TICKS ((uint32_t)FOOT_RECENT_SAMPLES * SWEEP_PERIOD_TICKS)
#define RISE_SAMPLES 8U
#define RING_SHIFT_BITS 2U   /* ten-bit counts to the ring's eight bits */
#define MEMORY_SHIFT_BITS 6U /* the remembered range counts in 64ths */
#define STILL_SHIFT_BITS 7U  /* half of the remembered range */
#define PERCENT 100U
#define PERMILLE 1000U

enum phase { LOADED, LEAVING, UNLOADED };

void foot_init(struct foot *foot) {
    memset(foot, 0, sizeof *foot);
}

static uint16_t level(const struct foot *foot, uint16_t percent) {
    return (uint16_t)(foot->low_counts + (uint16_t)(foot->range_counts * percent) / PERCENT);
}

static uint16_t at_least_one(uint16_t counts) {
    return counts > 0 ? counts : 1;
}

/* The value that `cut` others lie below; with `mirror` 0xFF, above. */
static uint8_t edge_value(const struct foot *foot, uint8_t cut, uint8_t mirror) {
    uint8_t lowest[EDGE_VALUES]; /* so far, in order */
    memset(lowest, 0xFF, sizeof lowest);
    for (uint8_t i = 0; i < foot->ring_count; i++) {
        uint8_t value = foot->ring[i] ^ mirror;
        if (value < lowest[cut]) {
            uint8_t place = cut;
            for (; place > 0 && lowest[place - 1] > value; place--) {
                lowest[place] = lowest[place - 1];
            }
            lowest[place] = value;
        }
    }
    return lowest[cut] ^ mirror;
}

static void learn(struct foot *foot, const struct foot_settings *settings, uint16_t counts) {
    foot->ring[foot->ring_next] = (uint8_t)(counts >> RING_SHIFT_BITS);
    foot->ring_next = (uint8_t)((foot->ring_next + 1U) % FOOT_RING_VALUES);
    if (foot->ring_count < FOOT_RING_VALUES) {
        foot->ring_count++;
    }
    uint8_t cut = (uint8_t)((uint16_t)(foot->ring_count * EDGE_PERCENT) / PERCENT);
    uint16_t low_counts = (uint16_t)(edge_value(foot, cut, 0) << RING_SHIFT_BITS);
    uint16_t high_counts = (uint16_t)(edge_value(foot, cut, 0xFF) << RING_SHIFT_BITS);
    uint16_t range_counts = (uint16_t)(high_counts - low_counts);
    uint16_t range = (uint16_t)(range_counts << MEMORY_SHIFT_BITS);
    foot->remembered_range =
        (uint16_t)(foot->remembered_range - (foot->remembered_range >> MEMORY_DECAY_SHIFT_BITS));
    if (range > foot->remembered_range) {
        foot->remembered_range = range;
    }
    if (range_counts >= foot->remembered_range >> STILL_SHIFT_BITS) {
        foot->low_counts = low_counts;
        foot->range_counts = range_counts;
    }
    foot->ready = foot->ring_count >= RING_VALUES_NEEDED &&
                  foot->range_counts >= settings->min_range_counts;
    foot->on_counts = level(foot, settings->on_percent);
    foot->off_counts = level(foot, settings->off_percent);
    foot->shuffle_off_counts = level(foot, SHUFFLE_OFF_PERCENT);
    foot->bearing_counts = level(foot, BEARING_PERCENT);
    foot->rise_counts = at_least_one((uint16_t)(foot->range_counts * RISE_PERMILLE) / PERMILLE);
    foot->fall_counts = at_least_one((uint16_t)(foot->range_counts * FALL_PERMILLE) / PERMILLE);
}

static void begin_leaving(struct foot *foot, const struct foot_settings *settings, uint16_t counts,
                          uint32_t ticks) {
    if (!foot->has_contact || ticks - foot->contact_ticks >= settings->min_stance_ticks) {
        foot->phase = LEAVING;
        foot->below_ticks = ticks;
        foot->has_off = 0;
        foot->shuffling = counts >= foot->off_counts;
    }
}

static uint8_t step_leaving(struct foot *foot, const struct foot_settings *settings,
                            uint16_t counts, uint32_t ticks, int16_t fallen_counts,
                            struct event *event) {
    if (counts > foot->on_counts) {
        foot->phase = LOADED;
        return 0;
    }
    if (!foot->has_off) {
        if (fallen_counts < (int16_t)foot->fall_counts ||
            ticks - foot->below_ticks >= LONGEST_FALL_TICKS) {
            foot->off_ticks = ticks - LAG_TICKS;
            foot->has_off = 1;
        }
        return 0;
    }
    uint32_t shortest_ticks = foot->shuffling ? MIN_SHUFFLE_TICKS : settings->min_swing_ticks;
    if (ticks - foot->off_ticks < shortest_ticks) {
        return 0;
    }
    foot->phase = UNLOADED;
    foot->above_samples = 0;
    if (!foot->has_contact) {
        return 0;
    }
    memset(event, 0, sizeof *event);
    event->off = 1;
    event->ticks = foot->off_ticks;
    event->peak_counts = foot->peak_counts;
    event->duration_ticks = foot->off_ticks - foot->contact_ticks;
    return 1;
}

static uint8_t step_unloaded(struct foot *foot, uint16_t counts, struct event *event) {
    if (counts <= foot->on_counts) {
        foot->above_samples = 0;
        return 0;
    }
    foot->above_samples++;
    if (foot->above_samples < CONFIRM_SAMPLES) {
        return 0;
    }
    uint32_t after_off_ticks = foot->off_ticks + SWEEP_PERIOD_TICKS;
    foot->contact_ticks =
        is_due(foot->onset_ticks, after_off_ticks) ? foot->onset_ticks : after_off_ticks;
    foot->has_contact = 1;
    foot->phase = LOADED;
    foot->peak_counts = counts;
    memset(event, 0, sizeof *event);
    event->ticks = foot->contact_ticks;
    return 1;
}

uint8_t foot_step(struct foot *foot, const struct foot_settings *settings, uint16_t counts,
                  uint32_t ticks, uint8_t other_bearing, struct event *event) {
    if (foot->samples % RING_PERIOD_SAMPLES == 0) {
        learn(foot, settings, counts);
    }
    uint8_t slot = foot->samples % FOOT_RECENT_SAMPLES;
    uint8_t rise_slot = (uint8_t)(slot + RISE_SAMPLES) % FOOT_RECENT_SAMPLES;
    int16_t fallen_counts = (int16_t)(foot->recent_counts[slot] - counts);
    int16_t risen_counts = (int16_t)(counts - foot->recent_counts[rise_slot]);
    foot->recent_counts[slot] = counts;
    foot->samples++;
    if (!foot->warm) {
        foot->warm = foot->samples == FOOT_RECENT_SAMPLES;
        return 0;
    }
    if (!foot->ready) {
        return 0;
    }
    foot->bearing = counts > foot->bearing_counts;
    if (risen_counts < (int16_t)foot->rise_counts) {
        foot->onset_ticks = ticks;
    }
    switch (foot->phase) {
        case LOADED:
            if (counts > foot->peak_counts) {
                foot->peak_counts = counts;
            }
            if (counts < (other_bearing ? foot->shuffle_off_counts : foot->off_counts)) {
                begin_leaving(foot, settings, counts, ticks);
            }
            return 0;
        case LEAVING:
            return step_leaving(foot, settings, counts, ticks, fallen_counts, event);
        default:
            return step_unloaded(foot, counts, event);
    }
}
