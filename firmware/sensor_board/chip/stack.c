#include "stack.h"

#include <avr/io.h>

extern uint8_t _end;

/* Before main and before anything is on the stack: hence no function call and no return. */
__attribute__((naked, used, section(".init3"))) static void paint_stack(void) {
    __asm__ volatile(
        "    ldi r30, lo8(_end)\n"
        "    ldi r31, hi8(_end)\n"
        "    ldi r24, %0\n"
        "    ldi r25, hi8(%1)\n"
        "1:  st Z+, r24\n"
        "    cpi r30, lo8(%1)\n"
        "    cpc r31, r25\n"
        "    brlo 1b\n"
        "    breq 1b\n"
        :
        : "M"(STACK_PAINT), "i"(RAMEND));
}

uint16_t stack_free_bytes(void) {
    const uint8_t *at = &_end;
    while (at <= (const uint8_t *)RAMEND && *at == STACK_PAINT) {
        at++;
    }
    return (uint16_t)(at - &_end);
}
