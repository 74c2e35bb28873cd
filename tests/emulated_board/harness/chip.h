/* An ATmega328P at 16 MHz in simavr, with everything around it that a test wants to know.
 *
 * All times are cycles since the chip was made; they go on over resets. Nothing here knows of
 * frames, clocks or real time: tests/emulated_board/chip.py wraps it.
 */
#ifndef EMULATED_BOARD_CHIP_H
#define EMULATED_BOARD_CHIP_H

#include <stddef.h>
#include <stdint.h>

#define CHIP_ANALOG_INPUTS 8
#define CHIP_PAINT 0xC5 /* what RAM holds before the program starts */

#pragma GCC visibility push(default)

typedef struct chip chip_t;

enum chip_reset { CHIP_POWER_ON, CHIP_RESET_PIN, CHIP_BROWN_OUT };
enum chip_state { CHIP_RUNS, CHIP_STOPPED };

struct chip_byte {
    uint64_t cycle; /* the end of its stop bit */
    uint64_t value;
};

struct chip_edge {
    uint64_t cycle;
    uint64_t level;
};

struct chip_conversion {
    uint64_t cycle; /* of the trigger */
    uint64_t channel;
};

struct chip_counts {
    uint64_t cycle;           /* now */
    uint64_t slept_cycles;    /* of these, asleep */
    uint64_t resets;          /* after the first start */
    uint64_t conversions;     /* by the ADC */
    uint64_t triggers_missed; /* came while the ADC was still converting */
    uint64_t bytes_overrun;   /* arrived while three were unread, and were lost */
    uint64_t interrupts_missed; /* a flag was raised that was still waiting to be served */
};

/* NULL where the file is no program for this chip. */
chip_t *chip_new(const char *elf_path);
void chip_free(chip_t *chip);

/* The voltage at an analog input: straight lines between points, held before the first and after
 * the last. The points are copied. Returns 0, or -1 where that is impossible. */
int chip_set_wave(chip_t *chip, int input, const uint64_t *cycles, const double *millivolts,
          size_t n);

/* What happens at a digital pin, in order of time, and what has been set so far is forgotten. */
int chip_set_pin(chip_t *chip, char port, int bit, const struct chip_edge *edges, size_t n);

/* A byte whose stop bit ends at this cycle; calls in order of time. */
int chip_send(chip_t *chip, uint64_t cycle, uint8_t byte);

/* Run up to this cycle and a few more: an instruction is not cut in two. */
enum chip_state chip_run_until(chip_t *chip, uint64_t cycle);

void chip_reset(chip_t *chip, enum chip_reset reset);

/* Leave the program for an endless loop at the end of flash, as a wild jump would. */
void chip_derail(chip_t *chip);

void chip_counts(const chip_t *chip, struct chip_counts *counts);

/* Each returns how many it wrote, at most `room`, and forgets them. */
size_t chip_take_bytes(chip_t *chip, struct chip_byte *bytes, size_t room);
size_t chip_take_edges(chip_t *chip, struct chip_edge *edges, size_t room);
size_t chip_take_conversions(chip_t *chip, struct chip_conversion *conversions, size_t room);

/* Edges of this output pin are kept; conversions are kept while `on`. */
int chip_watch_pin(chip_t *chip, char port, int bit);
void chip_watch_conversions(chip_t *chip, int on);

/* Memory as the program sees it: 0x100 to 0x8FF is RAM. */
int chip_read_memory(const chip_t *chip, uint32_t address, uint8_t *bytes, size_t n);
int chip_read_eeprom(chip_t *chip, uint32_t address, uint8_t *bytes, size_t n);
int chip_write_eeprom(chip_t *chip, uint32_t address, const uint8_t *bytes, size_t n);

#pragma GCC visibility pop

#endif
