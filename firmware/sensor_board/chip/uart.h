/* The line to the Pi: 250 000 baud, 8 data bits, no parity, one stop bit. */
#ifndef ANDANTE_UART_H
#define ANDANTE_UART_H

#include <stdint.h>

#include "board.h"

/* Bytes that arrive go to `receiver`. */
void uart_init(struct receiver *receiver);

/* Where the next frame is to be written, or 0 while the last one is still being taken. */
uint8_t *uart_free_frame(void);

/* Whether the last byte has left the line as well. */
uint8_t uart_is_idle(void);

/* Send the frame written to uart_free_frame(), its first byte at once. */
void uart_send(uint8_t length_bytes);

/* The same, its first byte at `leave_ticks`; waits until then. The line has to be idle. */
void uart_send_at(uint8_t length_bytes, uint32_t leave_ticks);

#endif
