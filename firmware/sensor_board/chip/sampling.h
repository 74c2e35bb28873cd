/* The readings: ADC started by timer 1 itself, so that their instants depend on no code. */
#ifndef ANDANTE_SAMPLING_H
#define ANDANTE_SAMPLING_H

#include "board.h"

/* The one board; readings and edges go to it. */
extern struct board board;

/* Interrupts have to be off, the clock running. */
void sampling_init(void);

/* Main loop: hand on the edges of sound and light. */
void sampling_work(void);

#endif
