#include "sampling.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "clock.h"
#include "schedule.h"
#include "tone.h"
#include "units.h"
#include "wake.h"

#define FROM_AVCC (1 << REFS0)
/*
 * From the value of OCR1B to the held voltage: the match takes effect with the next tick, and an
 * auto-triggered conversion holds its input 2 ADC clocks (2 us) later (ATmega328P data sheet,
 * "Prescaling and Conversion Timing").
 */
#define HOLD_TICKS 5U
/* Never 0: see README.md, "In the emulator". */
#define FIRST_SLOT_TICKS 1001U
#define NEWS_QUEUE 8U /* a power of two; one place stays empty */

/* A pad's reading that says more than that it is at rest. */
struct news {
    uint16_t ticks;
    uint16_t counts;
    uint8_t pad;
};

/* An edge on its way from the interrupt to the main loop. */
struct edge {
    volatile uint32_t ticks;
    volatile uint8_t waits;
};

static struct edge sound_edge;
static struct edge light_edge;
static struct schedule slot;
static struct sweep sweep;
static struct news news[NEWS_QUEUE];
static uint8_t news_put;
static uint8_t news_take;
static uint8_t working;

/* Set the next reading's instant. One whose instant is over is left out and counted. */
static inline void arm_next_slot(uint16_t next_ticks) {
    TIFR1 = 1 << OCF1B; /* the trigger is the flag's rise */
    for (;;) {
        schedule_advance(&slot);
        ADMUX = (uint8_t)(FROM_AVCC | schedule_input(&slot));
        next_ticks = (uint16_t)(next_ticks + SLOT_TICKS);
        OCR1B = next_ticks;
        int16_t late_ticks;
        do {
            late_ticks = (int16_t)(TCNT1 - next_ticks);
            if (late_ticks < 0 || TIFR1 & (1 << OCF1B)) {
                return;
            }
        } while (late_ticks < 2);
        board.slots_missed = (uint16_t)(board.slots_missed + 1U);
    }
}

/*
 * An input that has had an edge is masked until a millisecond has passed without one, so that a
 * tone or a noisy line costs one interrupt a millisecond at most. The main loop does the rest.
 */
static inline void note_edge(struct edge *edge, uint32_t ticks) {
    edge->ticks = ticks;
    edge->waits = 1;
    wake_main();
}

static void every_millisecond(void) {
    tone_count_down();
    if (!sound_edge.waits && !(TIMSK1 & (1 << ICIE1))) {
        if (TIFR1 & (1 << ICF1)) {
            TIFR1 = 1 << ICF1;
            note_edge(&sound_edge, clock_now_ticks());
        } else {
            TIMSK1 |= 1 << ICIE1;
        }
    }
    if (!light_edge.waits && !(EIMSK & (1 << INT0))) {
        if (EIFR & (1 << INTF0)) {
            EIFR = 1 << INTF0;
            note_edge(&light_edge, clock_now_ticks());
        } else {
            EIMSK |= 1 << INT0;
        }
    }
    wake_main();
}

static void take_edge(struct edge *edge, uint8_t channel) {
    if (edge->waits) { /* and nothing changes it until it does not wait any more */
        board_take_edge(&board, channel, edge->ticks);
        edge->waits = 0;
    }
}

void sampling_work(void) {
    take_edge(&sound_edge, CHANNEL_SOUND_LINE);
    take_edge(&light_edge, CHANNEL_PHOTODIODE);
}

/*
 * Work off what is queued, with interrupts on, so that the next readings are armed in time. An
 * interrupt on top of this one only adds to the queue.
 */
__attribute__((noinline)) static void work_off_news(void) {
    working = 1;
    while (news_take != news_put) {
        const struct news *one = &news[news_take];
        uint32_t ticks = clock_widen_ticks(one->ticks);
        sei();
        if (board_take_tap(&board, one->pad, one->counts, ticks)) {
            tone_start();
        }
        cli();
        news_take = (uint8_t)((news_take + 1U) % NEWS_QUEUE);
    }
    working = 0;
}

static inline void queue_news(uint8_t pad, uint16_t counts, uint16_t ticks) {
    uint8_t next = (uint8_t)((news_put + 1U) % NEWS_QUEUE);
    if (next == news_take) {
        board.slots_missed = (uint16_t)(board.slots_missed + 1U);
        return;
    }
    struct news *one = &news[news_put];
    one->ticks = ticks;
    one->counts = counts;
    one->pad = pad;
    news_put = next;
    if (!working) {
        work_off_news();
    }
}

__attribute__((noinline)) static void end_sweep(void) {
    board_take_sweep(&board, &sweep);
    every_millisecond();
}

ISR(ADC_vect) {
    uint16_t counts = ADC;
    struct schedule now = slot;
    uint16_t now_ticks = OCR1B;
    arm_next_slot(now_ticks);
    now_ticks = (uint16_t)(now_ticks + HOLD_TICKS);
    if (now.place < PAD_COUNT) {
        /* While older readings wait, this one queues behind them. */
        if (working || !tap_step_if_dull(&board.taps[now.place], counts)) {
            queue_news(now.place, counts, now_ticks);
        }
        return;
    }
    sweep.counts[now.round] = counts;
    if (now.round == SWEEP_LEFT) {
        sweep.left_ticks = clock_widen_ticks(now_ticks);
    } else if (now.round == SWEEP_PHOTODIODE) {
        end_sweep();
    }
}

ISR(TIMER1_CAPT_vect) {
    note_edge(&sound_edge, clock_widen_ticks(ICR1));
    TIMSK1 &= (uint8_t) ~(1 << ICIE1);
}

ISR(INT0_vect) {
    note_edge(&light_edge, clock_now_ticks());
    EIMSK &= (uint8_t) ~(1 << INT0);
}

void sampling_init(void) {
    DIDR0 = 0x3F; /* A0 to A5 are analogue only */
    EICRA = (1 << ISC01) | (1 << ISC00); /* rising edge */
    EIFR = 1 << INTF0;
    EIMSK = 1 << INT0;
    TIFR1 = (1 << ICF1) | (1 << OCF1B);
    TIMSK1 |= 1 << ICIE1;
    OCR1B = FIRST_SLOT_TICKS;
    ADMUX = (uint8_t)(FROM_AVCC | schedule_input(&slot));
    ADCSRB = (1 << ADTS2) | (1 << ADTS0); /* timer 1 compare match B */
    /* 16 MHz / 16: a conversion takes 13.5 us of the 50 us slot. */
    ADCSRA = (1 << ADEN) | (1 << ADATE) | (1 << ADIE) | (1 << ADPS2);
}
