/* The sensor board: see README.md. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "board.h"
#include "clock.h"
#include "sampling.h"
#include "stack.h"
#include "store.h"
#include "tone.h"
#include "uart.h"
#include "wake.h"

#define LOOK_AT_STACK_EVERY_MS 1000U

volatile uint8_t work_waits;
struct board board;

void sleep_until_work(void) {
    cli();
    while (!work_waits) {
        sleep_enable();
        sei(); /* the instruction after sei is never interrupted, so no wake is missed */
        sleep_cpu();
        sleep_disable();
        cli();
    }
    work_waits = 0;
    sei();
}

static uint8_t take_boot_reason(void) {
    uint8_t flags = MCUSR;
    MCUSR = 0; /* and with it the watchdog's lock */
    wdt_disable();
    if (flags & (1 << PORF)) {
        return BOOT_POWER_ON;
    }
    if (flags & (1 << BORF)) {
        return BOOT_BROWN_OUT;
    }
    if (flags & (1 << WDRF)) {
        return BOOT_WATCHDOG;
    }
    return (flags & (1 << EXTRF)) != 0 ? BOOT_RESET_PIN : BOOT_UNKNOWN;
}

static void init_pins(void) {
    /* Tap tone and status light are outputs, low. Every other digital pin has its pull-up: the
     * unused so as not to float, the comparators' so that an unplugged one stays quiet. */
    DDRB = (1 << DDB3) | (1 << DDB5);
    PORTB = (1 << PORTB0) | (1 << PORTB1) | (1 << PORTB2) | (1 << PORTB4);
    PORTD = 0xFF;
}

static void apply_tone(void) {
    uint8_t length_ms = (uint8_t)settings_get(&board.settings, SETTING_TONE_MS);
    if (settings_get(&board.settings, SETTING_TONE) == 0) {
        length_ms = 0;
    }
    tone_configure(settings_get(&board.settings, SETTING_TONE_HZ), length_ms);
}

static void send_next_frame(void) {
    uint8_t *frame = uart_free_frame();
    if (frame == 0) {
        return;
    }
    uint8_t at_instant = 0;
    uint32_t leave_ticks = 0;
    uint8_t length_bytes = board_next_frame(&board, clock_now_ticks(), uart_is_idle(), frame,
                                            &at_instant, &leave_ticks);
    if (length_bytes > 0 && at_instant) {
        uart_send_at(length_bytes, leave_ticks);
    } else if (length_bytes > 0) {
        uart_send(length_bytes);
    }
}

/* Apart from main, so that its variables do not stay on the stack for ever. */
__attribute__((noinline)) static void boot(void) {
    struct identity identity = {0, take_boot_reason(), 0};
    uint8_t image[SETTINGS_IMAGE_BYTES];
    init_pins();
    identity.boot_id = store_count_boot();
    store_read_image(image);
    board_init(&board, &identity, image);
    board.watchdog_resets = store_count_watchdog(identity.boot_reason == BOOT_WATCHDOG);
    apply_tone();
}

int main(void) {
    boot();
    wdt_enable(WDTO_500MS);
    uart_init(&board.receiver);
    clock_init();
    sampling_init();
    SMCR = 0; /* sleep is idle mode */
    uint16_t stack_wait_ms = 0;
    for (;;) {
        sleep_until_work();
        sampling_work();
        while (board_work(&board)) {
            wdt_reset(); /* only while readings come in and are worked off */
            if (stack_wait_ms-- == 0) {
                stack_wait_ms = LOOK_AT_STACK_EVERY_MS;
                board.stack_free_bytes = stack_free_bytes();
            }
        }
        board_converse(&board, clock_now_ticks());
        if (board.settings_changed) {
            board.settings_changed = 0;
            apply_tone();
            store_begin_write();
        }
        store_work(&board.settings);
        send_next_frame();
        if (board.open) {
            PORTB |= 1 << PORTB5;
        } else {
            PORTB &= (uint8_t) ~(1 << PORTB5);
        }
    }
}
