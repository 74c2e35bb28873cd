/* What the harness's own files share. */
#ifndef EMULATED_BOARD_INTERNAL_H
#define EMULATED_BOARD_INTERNAL_H

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>

#include "chip.h"

#define CLOCK_HZ 16000000U
#define SUPPLY_MV 5000U
#define MAX_PINS 4

/* A queue that grows: `next` is the first not yet taken. */
struct queue {
    char *items;
    size_t item_size, count, next, room;
};

struct wave {
    uint64_t *cycles;
    double *millivolts;
    size_t count, at; /* the point before now */
};

struct input_pin {
    char port;
    int bit, level; /* level: -1 until something drives it */
    avr_irq_t *irq;
    struct queue edges;
};

struct chip {
    avr_t *avr;
    avr_uart_t *uart;
    avr_irq_t *adc; /* the first of its irqs: the inputs, in order, and the triggers */
    void (*core_reset)(avr_t *avr);
    uint64_t base_cycle; /* simavr may count from 0 again after a reset */
    uint64_t last_cycle;
    int was_reset, conversions_watched;
    struct wave waves[CHIP_ANALOG_INPUTS];
    unsigned sampled_millivolts; /* what the conversion that runs will give */
    struct input_pin pins[MAX_PINS];
    size_t pin_count;
    struct queue to_board, from_board, edges, conversions;
    uint64_t line_free_cycle;
    struct chip_counts counts;
};

/* queue.c. An item is copied in and out; `push` returns 0, or -1 where memory is out. */
int push(struct queue *queue, const void *item);
void *front(struct queue *queue); /* NULL where it is empty */
void pop(struct queue *queue);
size_t take(struct queue *queue, void *items, size_t room);

/* Cycles since the chip was made. */
static inline uint64_t now(const chip_t *chip) {
    return chip->base_cycle + chip->avr->cycle;
}

/* analog.c: the ADC and what triggers it. */
void connect_analog(chip_t *chip);

/* flags.c: writing to interrupt flags. */
void connect_flags(chip_t *chip);

/* digital.c: pins and the serial line. */
void connect_digital(chip_t *chip);
uint64_t cycles_per_byte(const chip_t *chip);
void arm(chip_t *chip); /* after a reset, or when what comes from outside has changed */

#endif
