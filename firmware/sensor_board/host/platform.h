/* What the portable core asks of the host: nothing, one thread runs it all. */
#ifndef ANDANTE_PLATFORM_H
#define ANDANTE_PLATFORM_H

#include <stdint.h>

#define UNINTERRUPTED
#define FLASH_TABLE

static inline uint16_t flash_u16(const uint16_t *at) {
    return *at;
}

#endif
