/* The ADC, its trigger and the voltages at its inputs. Facts of the chip: ATmega328P data sheet
 * DS40002061B, chapter 24. */
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_adc.h>
#include <simavr/sim_interrupts.h>

#include "internal.h"

#define ADC_STEPS 1024U
#define SIMAVR_ADC_STEPS 1023U
#define TIMER1_COMPB_VECTOR 12
#define ADC_VECTOR 21
#define ADCSRA 0x7A
#define ADCSRB 0x7B
#define ADATE (1U << 5)
#define ADSC (1U << 6)
#define ADTS 7U
#define ADTS_TIMER1_COMPB 5U

static unsigned millivolts_at(struct wave *wave, uint64_t cycle) {
    size_t at = wave->at;
    double share, value;

    if (wave->count == 0)
        return 0;
    while (at + 1 < wave->count && wave->cycles[at + 1] <= cycle)
        at++;
    wave->at = at;
    value = wave->millivolts[at];
    if (at + 1 < wave->count && cycle > wave->cycles[at]) {
        share = (double)(cycle - wave->cycles[at]) /
            (double)(wave->cycles[at + 1] - wave->cycles[at]);
        value += share * (wave->millivolts[at + 1] - value);
    }
    /* The protected input of a real board stays within its supply as well. */
    if (value < 0)
        return 0;
    return value > SUPPLY_MV ? SUPPLY_MV : (unsigned)value;
}

/* simavr looks at the voltage when the program reads the result, on whatever channel is chosen by
 * then; the chip holds the voltage early in the conversion. So it is taken here, at the trigger,
 * and shown to simavr on all channels when the conversion ends. */
static void on_conversion(avr_irq_t *irq, uint32_t value, void *param) {
    chip_t *chip = param;
    union {
        uint32_t value;
        avr_adc_mux_t mux;
    } chosen = {.value = value};
    struct chip_conversion conversion = {now(chip), chosen.mux.src};
    unsigned control = chip->avr->data[ADCSRA];
    unsigned prescaler = 1U << (control & 7U ? control & 7U : 1U);
    /* Sample and hold: 2 ADC clocks after a trigger, 1.5 after a start by hand (24.4). */
    unsigned hold = control & ADATE ? 2 * prescaler : 3 * prescaler / 2;
    unsigned counts;

    (void)irq;
    chip->counts.conversions++;
    if (chosen.mux.kind != ADC_MUX_SINGLE || chosen.mux.src >= CHIP_ANALOG_INPUTS)
        return;
    if (chip->conversions_watched)
        push(&chip->conversions, &conversion);
    counts = millivolts_at(&chip->waves[chosen.mux.src], conversion.cycle + hold) * ADC_STEPS /
         SUPPLY_MV;
    if (counts >= ADC_STEPS)
        counts = ADC_STEPS - 1;
    /* The smallest voltage that simavr, which divides by 1023, gives these counts for. */
    chip->sampled_millivolts = (counts * SUPPLY_MV + SIMAVR_ADC_STEPS - 1) / SIMAVR_ADC_STEPS;
}

static void on_conversion_done(avr_irq_t *irq, uint32_t raised, void *param) {
    chip_t *chip = param;

    if (!raised)
        return;
    if (irq->value)
        chip->counts.interrupts_missed++;
    for (int input = 0; input < CHIP_ANALOG_INPUTS; input++)
        avr_raise_irq(chip->adc + input, chip->sampled_millivolts);
}

/* simavr 1.6 has no trigger of the ADC by timer 1. The chip triggers when the flag rises. */
static void on_compare_b(avr_irq_t *irq, uint32_t raised, void *param) {
    chip_t *chip = param;
    const uint8_t *data = chip->avr->data;

    if (!raised || irq->value || !(data[ADCSRA] & ADATE) ||
        (data[ADCSRB] & ADTS) != ADTS_TIMER1_COMPB)
        return;
    if (data[ADCSRA] & ADSC)
        chip->counts.triggers_missed++;
    avr_raise_irq(chip->adc + ADC_IRQ_IN_TRIGGER, 1);
}

void connect_analog(chip_t *chip) {
    avr_t *avr = chip->avr;

    chip->adc = avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0);
    avr_irq_register_notify(chip->adc + ADC_IRQ_OUT_TRIGGER, on_conversion, chip);
    avr_irq_register_notify(avr_get_interrupt_irq(avr, ADC_VECTOR), on_conversion_done, chip);
    avr_irq_register_notify(avr_get_interrupt_irq(avr, TIMER1_COMPB_VECTOR), on_compare_b, chip);
}

int chip_set_wave(chip_t *chip, int input, const uint64_t *cycles, const double *millivolts,
          size_t n) {
    struct wave wave = {malloc(n * sizeof *cycles + 1), malloc(n * sizeof *millivolts + 1), n, 0};

    if (input < 0 || input >= CHIP_ANALOG_INPUTS || !wave.cycles || !wave.millivolts) {
        free(wave.cycles);
        free(wave.millivolts);
        return -1;
    }
    memcpy(wave.cycles, cycles, n * sizeof *cycles);
    memcpy(wave.millivolts, millivolts, n * sizeof *millivolts);
    free(chip->waves[input].cycles);
    free(chip->waves[input].millivolts);
    chip->waves[input] = wave;
    return 0;
}

size_t chip_take_conversions(chip_t *chip, struct chip_conversion *conversions, size_t room) {
    return take(&chip->conversions, conversions, room);
}

void chip_watch_conversions(chip_t *chip, int on) {
    chip->conversions_watched = on;
}
