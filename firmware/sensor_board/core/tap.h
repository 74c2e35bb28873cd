/* Taps on a pad: the rules and their reasons are in README.md, "The tap detector". */
#ifndef ANDANTE_TAP_H
#define ANDANTE_TAP_H

#include <stdint.h>

#include "event_ring.h"

#define TAP_REST_EVERY_SAMPLES 16U       /* 4 ms: how often the resting level is followed */
#define TAP_LONGEST_RISE_SAMPLES 40U     /* 10 ms */
#define TAP_LONGEST_PRESS_SAMPLES 16000U /* 4 s: what still presses then is the new rest */

/* IGNORED: pressed too early after the last tap to be another. */
enum tap_phase { TAP_AT_REST = 0, TAP_CONFIRMING, TAP_PRESSED, TAP_IGNORED };

struct tap_settings {
    uint16_t on_counts;          /* the lowest threshold above the resting level */
    uint16_t on_percent;         /* of the remembered peak, where that is more */
    uint16_t refractory_samples; /* after an `on` */
};

struct tap {
    uint32_t edge_ticks;     /* of the rise's first sample; while pressed, of the `off` */
    uint32_t on_ticks;
    uint16_t rest;           /* the resting level in 64ths of a count */
    uint16_t remembered;     /* the lately highest peak above it, in 64ths of a count */
    uint16_t start_counts;   /* above it the rise has begun */
    uint16_t on_counts;      /* above it there is a tap */
    uint16_t off_counts;     /* below it the tap is over */
    uint16_t first_counts;   /* the rise's first sample ... */
    uint16_t later_counts;   /* ... and the one that crossed the threshold */
    uint16_t peak_counts;
    uint16_t refractory_samples; /* still to wait */
    uint16_t pressed_samples;
    uint8_t rise_samples;
    uint8_t below_samples;
    uint8_t samples;         /* modulo 256 */
    uint8_t phase;           /* enum tap_phase */
};

enum tap_news { TAP_NOTHING = 0, TAP_BEGUN = 1, TAP_ON = 2, TAP_OFF = 3 };

/* Forget everything; the first sample is taken for the resting level. */
void tap_init(struct tap *tap);

/*
 * Deal with a sample that changes nothing but counters: at rest, rising still, or pressed still.
 * Returns 0 where tap_step has to have it instead. Apart for speed: nearly every sample ends here,
 * in an interrupt that comes 20 000 times a second.
 */
static inline uint8_t tap_step_if_dull(struct tap *tap, uint16_t counts) {
    uint8_t samples = tap->samples;
    if (tap->phase == TAP_AT_REST) {
        if (samples % TAP_REST_EVERY_SAMPLES == 0) {
            return 0;
        }
        if (counts <= tap->start_counts) {
            tap->rise_samples = 0;
        } else {
            uint8_t rise_samples = tap->rise_samples;
            if (rise_samples == 0 || rise_samples >= TAP_LONGEST_RISE_SAMPLES ||
                counts >= tap->on_counts) {
                return 0;
            }
            tap->rise_samples = (uint8_t)(rise_samples + 1U);
            tap->later_counts = counts;
        }
    } else {
        uint16_t pressed_samples = (uint16_t)(tap->pressed_samples + 1U);
        if (tap->phase != TAP_PRESSED || counts < tap->off_counts || counts > tap->peak_counts ||
            pressed_samples >= TAP_LONGEST_PRESS_SAMPLES) {
            return 0;
        }
        tap->pressed_samples = pressed_samples;
        tap->below_samples = 0;
    }
    tap->samples = (uint8_t)(samples + 1U);
    if (tap->refractory_samples > 0) {
        tap->refractory_samples--;
    }
    return 1;
}

/*
 * One sample of 0 to 1023 counts, taken at `ticks`, 500 ticks after the one before.
 * TAP_BEGUN: sound the tone now, the next sample confirms. TAP_ON and TAP_OFF: `event` is filled
 * in but for its channel.
 */
enum tap_news tap_step(struct tap *tap, const struct tap_settings *settings, uint16_t counts,
                       uint32_t ticks, struct event *event);

#endif
