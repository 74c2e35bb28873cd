#include "stream.h"

#include <string.h>

#include "frame.h"
#include "units.h"

void stream_init(struct stream *stream) {
    memset(stream, 0, sizeof *stream);
}

void stream_restart(struct stream *stream) {
    stream->count = 0;
    stream->waiting_ms = 0;
}

void stream_take(struct stream *stream, uint16_t counts, uint32_t ticks, uint8_t period_ms) {
    if (stream->waiting_ms > 0) {
        stream->waiting_ms--;
        return;
    }
    stream->waiting_ms = (uint8_t)(period_ms - 1U);
    if (stream_is_full(stream)) {
        /* The line was too slow: this block is lost, and the gap in block_seq tells of it. */
        stream->block_seq++;
        stream->count = 0;
    }
    if (stream->count == 0) {
        stream->first_ticks = ticks;
    }
    stream->counts[stream->count++] = counts;
}

uint8_t stream_is_full(const struct stream *stream) {
    return stream->count == SAMPLES_PER_BLOCK;
}

uint8_t stream_frame(struct stream *stream, uint8_t channel, uint8_t period_ms, uint8_t *out) {
    struct frame_writer writer;
    frame_begin(&writer, out, FRAME_SAMPLES);
    frame_u16(&writer, stream->block_seq);
    frame_u8(&writer, channel);
    frame_u32(&writer, stream->first_ticks);
    frame_u16(&writer, (uint16_t)(period_ms * TICKS_PER_MS));
    frame_u8(&writer, stream->count);
    for (uint8_t i = 0; i < stream->count; i++) {
        frame_u16(&writer, stream->counts[i]);
    }
    stream->block_seq++;
    stream->count = 0;
    return frame_end(&writer);
}
