#include "onset.h"

uint8_t onset_edge(struct onset *onset, uint32_t ticks, uint32_t quiet_ticks) {
    uint8_t begins = !onset->seen || ticks - onset->last_ticks >= quiet_ticks;
    onset->seen = 1;
    onset->last_ticks = ticks;
    return begins;
}
