#include "frame.h"

#include "crc16.h"

void frame_begin(struct frame_writer *writer, uint8_t *out, uint8_t type) {
    writer->first = out;
    if (type == FRAME_HELLO) {
        *writer->first++ = 0; /* ends whatever rubbish precedes a greeting */
    }
    writer->next = writer->first + 1; /* the first place is for the first COBS code */
    writer->out = out;
    frame_u8(writer, type);
}

void frame_u16(struct frame_writer *writer, uint16_t value) {
    frame_u8(writer, (uint8_t)value);
    frame_u8(writer, (uint8_t)(value >> 8));
}

void frame_u32(struct frame_writer *writer, uint32_t value) {
    frame_u16(writer, (uint16_t)value);
    frame_u16(writer, (uint16_t)(value >> 16));
}

uint8_t frame_end(struct frame_writer *writer) {
    uint16_t crc = CRC16_START;
    for (const uint8_t *at = writer->first + 1; at != writer->next; at++) {
        crc = crc16_add(crc, *at);
    }
    frame_u16(writer, crc);
    /* COBS in place: every 0x00, and the first place, holds the distance to the next one. */
    uint8_t *code = writer->first;
    uint8_t distance = 1;
    for (uint8_t *at = writer->first + 1; at != writer->next; at++, distance++) {
        if (*at == 0) {
            *code = distance;
            code = at;
            distance = 0;
        }
    }
    *code = distance;
    frame_u8(writer, 0);
    return (uint8_t)(writer->next - writer->out);
}
