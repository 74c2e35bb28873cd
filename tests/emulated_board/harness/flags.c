/* Interrupt flags, by their data addresses, bits and vectors. */
#include <simavr/sim_interrupts.h>

#include "internal.h"

#define IO_OFFSET 0x20 /* of data addresses to I/O addresses */
#define TIFR1 0x36
#define EIFR 0x3C

static const struct flag {
    avr_io_addr_t address;
    int bit, vector;
} flags[] = {{EIFR, 0, 1},   {EIFR, 1, 2},   {TIFR1, 0, 13},
         {TIFR1, 1, 11}, {TIFR1, 2, 12}, {TIFR1, 5, 10}};

#define FLAG_COUNT (sizeof flags / sizeof *flags)

/* A one clears its flag and leaves the others; simavr 1.6 clears every flag of a timer. */
static void on_flags_written(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param) {
    const avr_int_table_t *table = &avr->interrupts;

    (void)param;
    for (size_t i = 0; i < FLAG_COUNT; i++)
        for (int v = 0; v < table->vector_count; v++)
            if (flags[i].address == address && (value >> flags[i].bit & 1) &&
                table->vector[v]->vector == flags[i].vector)
                avr_clear_interrupt(avr, table->vector[v]);
}

void connect_flags(chip_t *chip) {
    for (size_t i = 0; i < FLAG_COUNT; i++)
        chip->avr->io[flags[i].address - IO_OFFSET].w.c = on_flags_written;
}
