/* How much of the RAM the stack has never reached. */
#ifndef ANDANTE_STACK_H
#define ANDANTE_STACK_H

#include <stdint.h>

/* The RAM above the variables is painted with this at boot. */
#define STACK_PAINT 0xC5U

/* Bytes still painted. */
uint16_t stack_free_bytes(void);

#endif
