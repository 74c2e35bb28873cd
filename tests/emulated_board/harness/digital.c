/* What comes to the chip's pins and its line, and what leaves by them. */
#include <simavr/avr_ioport.h>

#include "internal.h"

#define BITS_PER_BYTE_ON_THE_LINE 10U /* start, eight, stop */
#define UNREAD_BYTES_MAX 3U           /* two in the FIFO, one in the shift register */
#define UCSR0A 0xC0
#define UBRR0L 0xC4
#define UBRR0H 0xC5
#define U2X0 (1U << 1)

DEFINE_FIFO(uint16_t, uart_fifo);

static avr_cycle_count_t happen(avr_t *avr, avr_cycle_count_t when, void *param);

uint64_t cycles_per_byte(const chip_t *chip) {
    const uint8_t *data = chip->avr->data;
    uint64_t divider = (data[UBRR0L] | (uint64_t)data[UBRR0H] << 8) + 1;

    return divider * (data[UCSR0A] & U2X0 ? 8 : 16) * BITS_PER_BYTE_ON_THE_LINE;
}

/* Have `happen` called at the next thing that comes from outside. */
void arm(chip_t *chip) {
    uint64_t next = UINT64_MAX;
    const struct chip_byte *byte = front(&chip->to_board);

    if (byte)
        next = byte->cycle;
    for (size_t i = 0; i < chip->pin_count; i++) {
        const struct chip_edge *edge = front(&chip->pins[i].edges);
        if (edge && edge->cycle < next)
            next = edge->cycle;
    }
    avr_cycle_timer_cancel(chip->avr, happen, chip);
    if (next != UINT64_MAX)
        avr_cycle_timer_register(chip->avr, next > now(chip) ? next - now(chip) : 1, happen,
                     chip);
}

static void receive(chip_t *chip, uint8_t byte) {
    avr_uart_t *uart = chip->uart;
    avr_cycle_count_t line = uart->cycles_per_byte;

    if (uart_fifo_get_read_size(&uart->input) >= UNREAD_BYTES_MAX) {
        chip->counts.bytes_overrun++;
        return;
    }
    /* simavr would have the byte on the line from now on; here it is complete now. */
    uart->cycles_per_byte = 1;
    avr_raise_irq(uart->io.irq + UART_IRQ_INPUT, byte);
    uart->cycles_per_byte = line;
}

/* Told of this, simavr leaves the pin as it is driven when the program writes its port; it would
 * else let the pull-up win. */
static void drive(chip_t *chip, struct input_pin *pin, int level) {
    avr_ioport_external_t driven = {.name = pin->port};

    pin->level = level;
    for (size_t i = 0; i < chip->pin_count; i++)
        if (chip->pins[i].port == pin->port && chip->pins[i].level >= 0) {
            driven.mask |= 1U << chip->pins[i].bit;
            driven.value |= (unsigned)chip->pins[i].level << chip->pins[i].bit;
        }
    avr_ioctl(chip->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(pin->port), &driven);
    avr_raise_irq(pin->irq, (uint32_t)level);
}

static avr_cycle_count_t happen(avr_t *avr, avr_cycle_count_t when, void *param) {
    chip_t *chip = param;
    uint64_t due = chip->base_cycle + when;
    struct chip_byte *byte;
    struct chip_edge *edge;

    (void)avr;
    while ((byte = front(&chip->to_board)) && byte->cycle <= due) {
        receive(chip, (uint8_t)byte->value);
        pop(&chip->to_board);
    }
    for (size_t i = 0; i < chip->pin_count; i++)
        while ((edge = front(&chip->pins[i].edges)) && edge->cycle <= due) {
            drive(chip, &chip->pins[i], edge->level != 0);
            pop(&chip->pins[i].edges);
        }
    arm(chip);
    return 0;
}

/* simavr tells of a byte when the program hands it over; it then still has to leave. */
static void on_sent(avr_irq_t *irq, uint32_t value, void *param) {
    chip_t *chip = param;
    uint64_t cycle = now(chip);
    struct chip_byte byte;

    (void)irq;
    chip->line_free_cycle = (cycle > chip->line_free_cycle ? cycle : chip->line_free_cycle) +
                cycles_per_byte(chip);
    byte = (struct chip_byte){chip->line_free_cycle, value & 0xFF};
    push(&chip->from_board, &byte);
}

static void on_edge(avr_irq_t *irq, uint32_t value, void *param) {
    chip_t *chip = param;
    struct chip_edge edge = {now(chip), value & 1};

    if ((irq->value & 1) != (value & 1))
        push(&chip->edges, &edge);
}

void connect_digital(chip_t *chip) {
    avr_irq_register_notify(chip->uart->io.irq + UART_IRQ_OUTPUT, on_sent, chip);
}

int chip_set_pin(chip_t *chip, char port, int bit, const struct chip_edge *edges, size_t n) {
    struct input_pin *pin = chip->pins;

    while (pin < chip->pins + chip->pin_count && (pin->port != port || pin->bit != bit))
        pin++;
    if (pin == chip->pins + chip->pin_count) {
        if (chip->pin_count == MAX_PINS)
            return -1;
        *pin = (struct input_pin){.port = port, .bit = bit, .level = -1};
        pin->irq = avr_io_getirq(chip->avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit);
        pin->edges.item_size = sizeof(struct chip_edge);
        chip->pin_count++;
    }
    pin->edges.count = pin->edges.next = 0;
    for (size_t i = 0; i < n; i++)
        if (push(&pin->edges, edges + i) != 0)
            return -1;
    arm(chip);
    return 0;
}

int chip_send(chip_t *chip, uint64_t cycle, uint8_t byte) {
    struct chip_byte item = {cycle, byte};
    int idle = !front(&chip->to_board);

    if (push(&chip->to_board, &item) != 0)
        return -1;
    if (idle)
        arm(chip);
    return 0;
}

size_t chip_take_bytes(chip_t *chip, struct chip_byte *bytes, size_t room) {
    return take(&chip->from_board, bytes, room);
}

size_t chip_take_edges(chip_t *chip, struct chip_edge *edges, size_t room) {
    return take(&chip->edges, edges, room);
}

int chip_watch_pin(chip_t *chip, char port, int bit) {
    avr_irq_t *irq = avr_io_getirq(chip->avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit);

    if (!irq)
        return -1;
    avr_irq_register_notify(irq, on_edge, chip);
    return 0;
}
