#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "clock.h"
#include "platform.h"
#include "units.h"
#include "wake.h"

#define BAUD_HZ 250000UL
#define FINAL_WAIT_TICKS 24U /* 12 us with interrupts off: less than the readings can wait */

/*
 * One frame at a time, not a ring of bytes: a PROBE_REPLY tells when its first byte leaves, and
 * behind a queue nobody could know that.
 */
static uint8_t frame[MAX_FRAME_BYTES];
static volatile uint8_t frame_bytes;
static volatile uint8_t sent_bytes;
static volatile uint8_t line_idle = 1;
static struct receiver *bytes_go_to;

void uart_init(struct receiver *receiver) {
    bytes_go_to = receiver;
    UBRR0 = (uint16_t)(F_CPU / (16UL * BAUD_HZ) - 1U);
    UCSR0C = (1 << UCSZ01) | (1 << UCSZ00);
    UCSR0B = (1 << RXCIE0) | (1 << TXCIE0) | (1 << RXEN0) | (1 << TXEN0);
}

ISR(USART_RX_vect) {
    uint8_t byte = UDR0;
    if (byte == 0) {
        receiver_take_byte(bytes_go_to, byte, clock_now_ticks());
        wake_main();
    } else {
        receiver_take_byte(bytes_go_to, byte, 0);
    }
}

ISR(USART_UDRE_vect) {
    UDR0 = frame[sent_bytes];
    UCSR0A = 1 << TXC0; /* an end of transmission before this byte is none */
    sent_bytes++;
    if (sent_bytes == frame_bytes) {
        UCSR0B &= (uint8_t) ~(1 << UDRIE0);
        wake_main();
    }
}

ISR(USART_TX_vect) {
    if (sent_bytes == frame_bytes) {
        line_idle = 1;
        wake_main();
    }
}

uint8_t *uart_free_frame(void) {
    return sent_bytes == frame_bytes ? frame : 0;
}

uint8_t uart_is_idle(void) {
    return line_idle;
}

static void begin(uint8_t length_bytes) {
    line_idle = 0;
    frame_bytes = length_bytes;
    sent_bytes = 0;
}

void uart_send(uint8_t length_bytes) {
    UNINTERRUPTED {
        begin(length_bytes);
        UCSR0B |= 1 << UDRIE0;
    }
}

void uart_send_at(uint8_t length_bytes, uint32_t leave_ticks) {
    uint32_t nearly_ticks = leave_ticks - FINAL_WAIT_TICKS;
    while (!is_due(clock_now_ticks(), nearly_ticks)) {
    }
    UNINTERRUPTED {
        begin(length_bytes);
        while ((int16_t)(TCNT1 - (uint16_t)leave_ticks) < 0) {
        }
        UDR0 = frame[0];
        UCSR0A = 1 << TXC0;
        sent_bytes = 1;
        UCSR0B |= 1 << UDRIE0;
    }
}
