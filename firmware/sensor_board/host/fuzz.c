/*
 * The parser against bytes that nobody meant: fuzz BYTES SEED. Built with the address and
 * undefined-behaviour sanitizers by `make fuzz`; they end the program at the first wrong access.
 *
 * A third of the pieces is random, a third damaged frames, a third frames replayed in any order.
 * After each, the board must answer within two good frames; no event may come or go but by a
 * sound ACK, of which there is none here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "frame.h"
#include "shim.h"

#define BOOT_ID 0xBEEFU
#define LONGEST_PIECE_BYTES 96U

static uint64_t state;

/* xorshift64* (Vigna 2016, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint32_t draw(uint32_t below) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

/* A sound frame from the Pi; an ACK is always for another boot, so that it may not act. */
static uint8_t sound_frame(uint8_t *out) {
    static const uint8_t types[] = {FRAME_HELLO_REQUEST, FRAME_PROBE, FRAME_ACK,
                                    FRAME_SETTING_SET};
    struct frame_writer writer;
    uint8_t type = types[draw(4)];
    frame_begin(&writer, out, type);
    if (type == FRAME_HELLO_REQUEST) {
        frame_u8(&writer, (uint8_t)(1U + draw(2)));
        frame_u32(&writer, 7);
        frame_u8(&writer, (uint8_t)draw(2));
    } else if (type == FRAME_PROBE) {
        frame_u16(&writer, (uint16_t)draw(0x10000));
    } else if (type == FRAME_ACK) {
        frame_u16(&writer, (uint16_t)(BOOT_ID ^ (1U + draw(0xFFFF))));
        frame_u16(&writer, (uint16_t)draw(0x10000));
    } else {
        frame_u8(&writer, (uint8_t)draw(256));
        frame_u32(&writer, draw(0x7FFFFFFF));
    }
    return frame_end(&writer);
}

static size_t make_piece(uint8_t *piece) {
    size_t length = 0;
    switch (draw(3)) {
        case 0:
            length = 1U + draw(LONGEST_PIECE_BYTES);
            for (size_t i = 0; i < length; i++) {
                piece[i] = (uint8_t)draw(256);
            }
            return length;
        case 1:
            length = sound_frame(piece);
            for (uint32_t damages = 1U + draw(3); damages > 0; damages--) {
                piece[draw((uint32_t)length)] = (uint8_t)draw(256);
            }
            return 1U + draw((uint32_t)length);
        default:
            return sound_frame(piece);
    }
}

/* Whether the board answers one of two probes; everything else that it says is thrown away. */
static uint8_t answers(struct board *board, uint32_t ticks) {
    uint8_t bytes[16];
    uint8_t out[MAX_FRAME_BYTES];
    uint8_t answered = 0;
    struct frame_writer writer;
    for (uint8_t i = 0; i < 2; i++) {
        frame_begin(&writer, bytes, FRAME_PROBE);
        frame_u16(&writer, 0x4321);
        shim_receive(board, bytes, frame_end(&writer), ticks);
    }
    for (;;) {
        uint8_t at_instant = 0;
        uint32_t leave_ticks = 0;
        uint8_t length = board_next_frame(board, ticks, 1, out, &at_instant, &leave_ticks);
        if (length == 0) {
            return answered;
        }
        answered |= at_instant;
    }
}

static void open_link(struct board *board) {
    uint8_t bytes[16];
    struct frame_writer writer;
    const uint8_t delimiter = 0;
    shim_receive(board, &delimiter, 1, 0);
    frame_begin(&writer, bytes, FRAME_HELLO_REQUEST);
    frame_u8(&writer, PROTOCOL_VERSION);
    frame_u32(&writer, 7);
    frame_u8(&writer, 0);
    shim_receive(board, bytes, frame_end(&writer), 0);
    frame_begin(&writer, bytes, FRAME_ACK);
    frame_u16(&writer, BOOT_ID);
    frame_u16(&writer, 0);
    shim_receive(board, bytes, frame_end(&writer), 0);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: fuzz BYTES SEED\n");
        return 2;
    }
    unsigned long wanted_bytes = strtoul(argv[1], NULL, 10);
    state = strtoul(argv[2], NULL, 10) * 2U + 1U;
    uint8_t image[SETTINGS_IMAGE_BYTES];
    memset(image, 0xFF, sizeof image);
    struct board *board = shim_board_new(BOOT_ID, BOOT_POWER_ON, 0, image);
    if (board == NULL) {
        return 2;
    }
    open_link(board);
    for (uint8_t i = 0; i < 5; i++) {
        shim_push(board, CHANNEL_TAP_1, 0, 1000U * i, 0, 0);
    }
    unsigned long fed_bytes = 0;
    uint32_t ticks = 0;
    while (fed_bytes < wanted_bytes) {
        uint8_t piece[LONGEST_PIECE_BYTES + 1U];
        size_t length = make_piece(piece);
        ticks += draw(4000000);
        shim_receive(board, piece, length, ticks);
        fed_bytes += length;
        if (!answers(board, ticks)) {
            fprintf(stderr, "deaf after %lu bytes\n", fed_bytes);
            return 1;
        }
        if (shim_events_kept(board) != 5) {
            fprintf(stderr, "%u events after %lu bytes, not 5\n", shim_events_kept(board),
                    fed_bytes);
            return 1;
        }
    }
    printf("%lu bytes, %u frames refused (modulo 65536), 5 events kept\n", fed_bytes,
           shim_frames_bad(board));
    shim_board_free(board);
    return 0;
}
