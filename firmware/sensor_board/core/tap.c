#include "tap.h"

#include <string.h>

#include "units.h"

#define REST_SHIFT_BITS 6U       /* levels are kept in 64ths of a count */
#define REST_RISE_SHIFT_BITS 6U  /* 1/64 every 4 ms: a time constant of 256 ms */
#define REST_FALL_SHIFT_BITS 3U  /* 1/8: 32 ms */
#define MEMORY_SHIFT_BITS 8U     /* 1/256 every 64 ms: 16 s */
#define START_COUNTS 3U          /* the reading's own noise */
#define START_SHIFT_BITS 3U      /* and an eighth of the threshold */
#define PEAK_SHIFT_BITS 3U       /* below an eighth of its peak a tap is over */
#define RELEASE_SAMPLES 16U      /* 4 ms: a ringing pad is still pressed */
#define LONGEST_BACK_TICKS 2500U /* 1.25 ms before the first sample of the rise */
#define PERCENT 100U

void tap_init(struct tap *tap) {
    memset(tap, 0, sizeof *tap);
}

static void set_levels(struct tap *tap, const struct tap_settings *settings) {
    uint16_t rest_counts = tap->rest >> REST_SHIFT_BITS;
    uint16_t remembered_counts = tap->remembered >> REST_SHIFT_BITS;
    uint16_t height_counts = (uint16_t)(remembered_counts * settings->on_percent / PERCENT);
    if (height_counts < settings->on_counts) {
        height_counts = settings->on_counts;
    }
    tap->start_counts =
        (uint16_t)(rest_counts + START_COUNTS + (height_counts >> START_SHIFT_BITS));
    tap->on_counts = (uint16_t)(rest_counts + height_counts);
    tap->off_counts = (uint16_t)(rest_counts + (height_counts >> 1));
}

static void follow_rest(struct tap *tap, const struct tap_settings *settings, uint16_t counts) {
    uint16_t now = (uint16_t)(counts << REST_SHIFT_BITS);
    if (now > tap->rest) {
        tap->rest = (uint16_t)(tap->rest + ((uint16_t)(now - tap->rest) >> REST_RISE_SHIFT_BITS));
    } else {
        tap->rest = (uint16_t)(tap->rest - ((uint16_t)(tap->rest - now) >> REST_FALL_SHIFT_BITS));
    }
    if (tap->samples == 0) {
        tap->remembered =
            (uint16_t)(tap->remembered - (tap->remembered >> MEMORY_SHIFT_BITS));
    }
    set_levels(tap, settings);
}

/*
 * When the rise began: where the line through its first sample and the one that crossed the
 * threshold meets the resting level. Where both are the same one, the line goes through the next
 * sample, and the rise began after the last sample at rest; where there it was over already,
 * anywhere between these two samples.
 */
static uint32_t onset_ticks(const struct tap *tap) {
    uint16_t height_counts = (uint16_t)(tap->first_counts - (tap->rest >> REST_SHIFT_BITS));
    uint16_t growth_counts = 0; /* in as many samples */
    uint8_t growth_samples = tap->rise_samples > 1 ? (uint8_t)(tap->rise_samples - 1U) : 1;
    uint16_t most_ticks = tap->rise_samples > 1 ? LONGEST_BACK_TICKS : TAP_PERIOD_TICKS;
    if (tap->later_counts > tap->first_counts) {
        growth_counts = (uint16_t)(tap->later_counts - tap->first_counts);
    }
    uint32_t back_ticks = TAP_PERIOD_TICKS / 2U;
    if (growth_counts > 0 &&
        (tap->rise_samples > 1 || (uint16_t)(2U * growth_counts) >= height_counts)) {
        back_ticks = (uint32_t)TAP_PERIOD_TICKS * growth_samples * height_counts / growth_counts;
        if (back_ticks > most_ticks) {
            back_ticks = most_ticks;
        }
    }
    return tap->edge_ticks - back_ticks;
}

/* A higher peak so far, and with it the level at which the tap is over. */
static void raise_peak(struct tap *tap, uint16_t counts) {
    uint16_t rest_counts = tap->rest >> REST_SHIFT_BITS;
    uint16_t over_counts = (uint16_t)(rest_counts + ((counts - rest_counts) >> PEAK_SHIFT_BITS));
    tap->peak_counts = counts;
    if (over_counts > tap->off_counts) {
        tap->off_counts = over_counts;
    }
}

static void rest_now(struct tap *tap) {
    tap->phase = TAP_AT_REST;
    tap->rise_samples = 0;
}

/* Rest from now on at this level. */
static void adopt_rest(struct tap *tap, const struct tap_settings *settings, uint16_t counts) {
    tap->rest = (uint16_t)(counts << REST_SHIFT_BITS);
    set_levels(tap, settings);
    rest_now(tap);
}

static enum tap_news step_at_rest(struct tap *tap, const struct tap_settings *settings,
                                  uint16_t counts, uint32_t ticks) {
    if (counts <= tap->start_counts) {
        tap->rise_samples = 0;
        return TAP_NOTHING;
    }
    tap->rise_samples++;
    if (tap->rise_samples == 1) {
        tap->edge_ticks = ticks;
        tap->first_counts = counts;
    }
    tap->later_counts = counts;
    if (counts < tap->on_counts) {
        if (tap->rise_samples > TAP_LONGEST_RISE_SAMPLES) {
            adopt_rest(tap, settings, counts); /* a hand that was laid down is no tap */
        }
        return TAP_NOTHING;
    }
    if (tap->refractory_samples > 0) {
        tap->phase = TAP_IGNORED;
        tap->pressed_samples = 0;
        return TAP_NOTHING;
    }
    tap->phase = TAP_CONFIRMING;
    raise_peak(tap, counts);
    return TAP_BEGUN;
}

static enum tap_news step_confirming(struct tap *tap, const struct tap_settings *settings,
                                     uint16_t counts, struct event *event) {
    if (counts < tap->off_counts) {
        rest_now(tap); /* a spike of one sample is no tap */
        return TAP_NOTHING;
    }
    if (tap->rise_samples == 1) {
        tap->later_counts = counts;
    }
    if (counts > tap->peak_counts) {
        raise_peak(tap, counts);
    }
    tap->on_ticks = onset_ticks(tap);
    tap->refractory_samples = settings->refractory_samples;
    tap->pressed_samples = 0;
    tap->below_samples = 0;
    tap->phase = TAP_PRESSED;
    memset(event, 0, sizeof *event);
    event->ticks = tap->on_ticks;
    return TAP_ON;
}

static enum tap_news release(struct tap *tap, const struct tap_settings *settings, uint16_t counts,
                             struct event *event) {
    uint16_t rest_counts = tap->rest >> REST_SHIFT_BITS;
    uint16_t height = (uint16_t)((uint16_t)(tap->peak_counts - rest_counts) << REST_SHIFT_BITS);
    if (height > tap->remembered) {
        tap->remembered = height;
    }
    adopt_rest(tap, settings, counts > rest_counts ? counts : rest_counts); /* a hand may stay */
    memset(event, 0, sizeof *event);
    event->off = 1;
    event->ticks = tap->edge_ticks;
    event->peak_counts = tap->peak_counts;
    event->duration_ticks = tap->edge_ticks - tap->on_ticks;
    return TAP_OFF;
}

/* Whether the pad has been pressed for so long that this is its new resting level. */
static uint8_t is_new_rest(struct tap *tap) {
    return ++tap->pressed_samples >= TAP_LONGEST_PRESS_SAMPLES;
}

static enum tap_news step_pressed(struct tap *tap, const struct tap_settings *settings,
                                  uint16_t counts, uint32_t ticks, struct event *event) {
    if (counts > tap->peak_counts) {
        raise_peak(tap, counts);
    }
    if (counts >= tap->off_counts) {
        tap->below_samples = 0;
        if (!is_new_rest(tap)) {
            return TAP_NOTHING;
        }
        tap->edge_ticks = ticks;
        return release(tap, settings, counts, event);
    }
    tap->pressed_samples++;
    if (tap->below_samples == 0) {
        tap->edge_ticks = ticks - TAP_PERIOD_TICKS / 2U; /* on average it fell half a period ago */
    }
    tap->below_samples++;
    return tap->below_samples < RELEASE_SAMPLES ? TAP_NOTHING
                                                : release(tap, settings, counts, event);
}

enum tap_news tap_step(struct tap *tap, const struct tap_settings *settings, uint16_t counts,
                       uint32_t ticks, struct event *event) {
    if (tap->refractory_samples > 0) {
        tap->refractory_samples--;
    }
    if (tap->phase == TAP_AT_REST && tap->samples % TAP_REST_EVERY_SAMPLES == 0 &&
        counts < tap->on_counts) {
        follow_rest(tap, settings, counts);
    } else if (tap->on_counts == 0) { /* the first sample of all */
        tap->rest = (uint16_t)(counts << REST_SHIFT_BITS);
        set_levels(tap, settings);
    }
    tap->samples++;
    switch (tap->phase) {
        case TAP_AT_REST:
            return step_at_rest(tap, settings, counts, ticks);
        case TAP_CONFIRMING:
            return step_confirming(tap, settings, counts, event);
        case TAP_PRESSED:
            return step_pressed(tap, settings, counts, ticks, event);
        default:
            if (counts < tap->off_counts) {
                rest_now(tap);
            } else if (is_new_rest(tap)) {
                adopt_rest(tap, settings, counts);
            }
            return TAP_NOTHING;
    }
}
