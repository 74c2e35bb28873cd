/* See chip.h. Where simavr 1.6 is simpler than the chip, the files beside this one make up for it;
 * each place says so. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_eeprom.h>
#include <simavr/sim_elf.h>

#include "internal.h"

#define RAM_START 0x100U

static void sleeps(avr_t *avr, avr_cycle_count_t cycles) {
    chip_t *chip = avr->custom.data;

    chip->counts.slept_cycles += 1 + cycles; /* as simavr moves on */
}

static void resets(avr_t *avr) {
    chip_t *chip = avr->custom.data;

    chip->core_reset(avr);
    chip->was_reset = 1;
}

static void say_errors(avr_t *avr, const int level, const char *format, va_list values) {
    (void)avr;
    if (level <= LOG_ERROR)
        vfprintf(stderr, format, values);
}

static void settle_after_reset(chip_t *chip) {
    chip->was_reset = 0;
    if (chip->avr->cycle < chip->last_cycle)
        chip->base_cycle += chip->last_cycle;
    chip->counts.resets++;
    arm(chip); /* a reset forgets every cycle timer */
}

static avr_uart_t *find_uart(avr_t *avr) {
    for (avr_io_t *io = avr->io_port; io; io = io->next)
        if (strcmp(io->kind, "uart") == 0 && ((avr_uart_t *)io)->name == '0')
            return (avr_uart_t *)io;
    return NULL;
}

static chip_t *connect(chip_t *chip) {
    avr_t *avr = chip->avr;
    uint32_t quiet = 0; /* neither print what is sent nor wait in real time */

    avr->custom.data = chip;
    avr->sleep = sleeps;
    chip->core_reset = avr->reset;
    avr->reset = resets;
    chip->uart = find_uart(avr);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &quiet);
    connect_analog(chip);
    connect_digital(chip);
    connect_flags(chip);
    memset(avr->data + RAM_START, CHIP_PAINT, avr->ramend + 1 - RAM_START);
    avr_regbit_set(avr, avr->reset_flags.porf);
    return chip;
}

chip_t *chip_new(const char *elf_path) {
    elf_firmware_t firmware;
    chip_t *chip = calloc(1, sizeof *chip);

    if (!chip)
        return NULL;
    memset(&firmware, 0, sizeof firmware);
    avr_global_logger_set(say_errors);
    chip->to_board.item_size = chip->from_board.item_size = sizeof(struct chip_byte);
    chip->edges.item_size = sizeof(struct chip_edge);
    chip->conversions.item_size = sizeof(struct chip_conversion);
    if (elf_read_firmware(elf_path, &firmware) != 0 ||
        !(chip->avr = avr_make_mcu_by_name("atmega328p"))) {
        free(chip);
        return NULL;
    }
    avr_init(chip->avr);
    chip->avr->frequency = firmware.frequency = CLOCK_HZ;
    avr_load_firmware(chip->avr, &firmware);
    chip->avr->vcc = chip->avr->avcc = chip->avr->aref = SUPPLY_MV;
    return connect(chip);
}

void chip_free(chip_t *chip) {
    struct queue *queues[] = {&chip->to_board, &chip->from_board, &chip->edges,
                  &chip->conversions};

    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
        free(queues[i]->items);
    for (size_t i = 0; i < chip->pin_count; i++)
        free(chip->pins[i].edges.items);
    for (int i = 0; i < CHIP_ANALOG_INPUTS; i++) {
        free(chip->waves[i].cycles);
        free(chip->waves[i].millivolts);
    }
    avr_terminate(chip->avr);
    free(chip);
}

enum chip_state chip_run_until(chip_t *chip, uint64_t cycle) {
    avr_t *avr = chip->avr;

    while (now(chip) < cycle) {
        int state;

        /* simavr counts eleven bits a byte, a parity bit among them that is not sent. */
        chip->uart->cycles_per_byte = cycles_per_byte(chip);
        chip->last_cycle = avr->cycle;
        state = avr_run(avr);
        if (chip->was_reset)
            settle_after_reset(chip);
        if (state == cpu_Done || state == cpu_Crashed)
            return CHIP_STOPPED;
    }
    return CHIP_RUNS;
}

void chip_reset(chip_t *chip, enum chip_reset reset) {
    avr_t *avr = chip->avr;

    chip->last_cycle = avr->cycle;
    avr_reset(avr);
    settle_after_reset(chip);
    if (reset == CHIP_POWER_ON)
        avr_regbit_set(avr, avr->reset_flags.porf);
    else if (reset == CHIP_RESET_PIN)
        avr_regbit_set(avr, avr->reset_flags.extrf);
    else
        avr_regbit_set(avr, avr->reset_flags.borf);
}

void chip_derail(chip_t *chip) {
    avr_t *avr = chip->avr;

    avr->flash[avr->flashend - 1] = 0xFF; /* rjmp .-2 */
    avr->flash[avr->flashend] = 0xCF;
    avr->pc = avr->flashend - 1;
    avr->state = cpu_Running;
}

void chip_counts(const chip_t *chip, struct chip_counts *counts) {
    *counts = chip->counts;
    counts->cycle = now(chip);
}

int chip_read_memory(const chip_t *chip, uint32_t address, uint8_t *bytes, size_t n) {
    if (address > chip->avr->ramend || n > chip->avr->ramend + 1 - address)
        return -1;
    memcpy(bytes, chip->avr->data + address, n);
    return 0;
}

static int eeprom(chip_t *chip, uint32_t control, uint32_t address, uint8_t *bytes, size_t n) {
    avr_eeprom_desc_t span = {.ee = bytes, .offset = (uint16_t)address, .size = (uint32_t)n};

    if (address > chip->avr->e2end || n > chip->avr->e2end + 1 - address)
        return -1;
    avr_ioctl(chip->avr, control, &span); /* gives -1 even where it did as asked */
    return 0;
}

int chip_read_eeprom(chip_t *chip, uint32_t address, uint8_t *bytes, size_t n) {
    return eeprom(chip, AVR_IOCTL_EEPROM_GET, address, bytes, n);
}

int chip_write_eeprom(chip_t *chip, uint32_t address, const uint8_t *bytes, size_t n) {
    uint8_t copy[1024];

    if (n > sizeof copy)
        return -1;
    memcpy(copy, bytes, n);
    return eeprom(chip, AVR_IOCTL_EEPROM_SET, address, copy, n);
}
