/* Raw readings of one input, gathered into blocks. */
#ifndef ANDANTE_STREAM_H
#define ANDANTE_STREAM_H

#include <stdint.h>

#define SAMPLES_PER_BLOCK 8U

struct stream {
    uint32_t first_ticks;
    uint16_t block_seq;
    uint16_t counts[SAMPLES_PER_BLOCK];
    uint8_t count;
    uint8_t waiting_ms; /* until the next reading is taken */
};

/* Begin anew, with block 0. */
void stream_init(struct stream *stream);

/* Throw away what is gathered; block_seq counts on. */
void stream_restart(struct stream *stream);

/* Once a millisecond: keep this reading where `period_ms` have passed since the last one kept. */
void stream_take(struct stream *stream, uint16_t counts, uint32_t ticks, uint8_t period_ms);

/* Whether a block is whole. It has to leave before the next reading is kept. */
uint8_t stream_is_full(const struct stream *stream);

/* Write the whole block's frame to `out`; returns its length in bytes. */
uint8_t stream_frame(struct stream *stream, uint8_t channel, uint8_t period_ms, uint8_t *out);

#endif
