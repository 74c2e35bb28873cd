/* The beginning of a flash or a sound on an input that only knows edges. */
#ifndef ANDANTE_ONSET_H
#define ANDANTE_ONSET_H

#include <stdint.h>

struct onset {
    uint32_t last_ticks; /* the latest edge */
    uint8_t seen;
};

/* An edge at `ticks`: 1 where it is the first after at least `quiet_ticks` without any. */
uint8_t onset_edge(struct onset *onset, uint32_t ticks, uint32_t quiet_ticks);

#endif
