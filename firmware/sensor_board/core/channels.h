/* Channel numbers on the wire: docs/wire-protocol.md. */
#ifndef ANDANTE_CHANNELS_H
#define ANDANTE_CHANNELS_H

enum channel {
    CHANNEL_LEFT = 0,
    CHANNEL_RIGHT = 1,
    CHANNEL_TAP_1 = 2,
    CHANNEL_BELT = 6,
    CHANNEL_PHOTODIODE = 7,
    CHANNEL_SOUND_LINE = 8
};

#define PAD_COUNT 4U

#endif
