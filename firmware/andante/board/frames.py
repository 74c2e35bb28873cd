"""The bytes between the Pi and the sensor board. `docs/wire-protocol.md` is the reference.

A frame is COBS(type u8, body, CRC-16/CCITT-FALSE) and a 0x00; every number is little-endian.
COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999, by the `cobs` library.
CRC: polynomial 0x1021, start 0xFFFF, not reflected, over type and body; check value 0x29B1.

Pure: no clock, no I/O. Tick fields hold the low 32 bits of the board's counter.
"""

import struct
from binascii import crc_hqx
from enum import IntEnum, IntFlag
from typing import NamedTuple

from cobs import cobs

from andante.ports import Channel

PROTOCOL_VERSION = 1
DELIMITER = b"\x00"
MAX_PAYLOAD_BYTES = 64
MAX_ENCODED_BYTES = MAX_PAYLOAD_BYTES + 1  # COBS adds one byte up to 254
SAMPLES_PER_BLOCK = 25
_CRC_BYTES = 2
_CRC_START = 0xFFFF

CHANNELS = (
    Channel.LEFT_FOOT,
    Channel.RIGHT_FOOT,
    Channel.TAP_1,
    Channel.TAP_2,
    Channel.TAP_3,
    Channel.TAP_4,
    Channel.BELT,
    Channel.PHOTODIODE,
    Channel.SOUND_LINE,
)
"""Channels in the order of their numbers on the wire."""

CHANNEL_CODES = {channel: code for code, channel in enumerate(CHANNELS)}

BOOT_REASONS = ("unknown", "power on", "reset pin", "brown-out", "watchdog")
"""Boot reasons in the order of their numbers on the wire."""


class HelloFlag(IntFlag):
    """What kind of board says hello."""

    SIMULATED = 1


class EventFlag(IntFlag):
    """What kind of event it is. Without OFF it is an `on` edge."""

    OFF = 1
    MEASURED = 2  # peak and duration hold figures
    RESENT = 4  # an earlier copy was sent and not acknowledged in time


class StatusFlag(IntFlag):
    """The board's state."""

    INPUT_ENDED = 1  # simulator only: the recording has ended and everything is acknowledged


class Setting(IntEnum):
    """The settings catalogue. Every value is a signed 32-bit integer."""

    SAMPLE_STREAM = 1  # 0: no SAMPLES frames (the value after a boot); 1: SAMPLES frames


class Hello(NamedTuple):
    """Board to Pi: who I am. Sent at boot and in answer to every `HelloRequest`."""

    protocol_version: int
    firmware_major: int
    firmware_minor: int
    firmware_patch: int
    tick_hz: int
    boot_reason: int
    boot_id: int
    conversation_id: int
    flags: int


class ForeignHello(NamedTuple):
    """A `Hello` or `HelloRequest` of another protocol version, of which only that is read."""

    protocol_version: int


class ProbeReply(NamedTuple):
    """Board to Pi: when the probe arrived and when this answer left."""

    probe_id: int
    received_ticks: int
    sent_ticks: int


class Event(NamedTuple):
    """Board to Pi: one edge. `lost_before` events between this and the last were dropped."""

    event_seq: int
    lost_before: int
    channel_code: int
    flags: int
    ticks: int
    peak_counts: int
    duration_ticks: int


class Samples(NamedTuple):
    """Board to Pi: raw counts; `block_seq` counts the blocks of this channel."""

    block_seq: int
    channel_code: int
    first_ticks: int
    period_ticks: int
    counts: tuple[int, ...]


class Status(NamedTuple):
    """Board to Pi, once a second; counts since the conversation began, modulo 65536."""

    events_dropped: int
    frames_refused: int
    flags: int


class SettingReply(NamedTuple):
    """Board to Pi: the value in force."""

    setting_id: int
    value: int


class HelloRequest(NamedTuple):
    """Pi to board: who are you? `keep` is 1 when the conversation began before this boot."""

    protocol_version: int
    conversation_id: int
    keep: int


class Probe(NamedTuple):
    """Pi to board: what does your counter say?"""

    probe_id: int


class Ack(NamedTuple):
    """Pi to board: every event before `next_event_seq` of boot `boot_id` has arrived."""

    boot_id: int
    next_event_seq: int


class SettingSet(NamedTuple):
    """Pi to board: take this value."""

    setting_id: int
    value: int


BoardMessage = Hello | ProbeReply | Event | Samples | Status | SettingReply
PiMessage = HelloRequest | Probe | Ack | SettingSet
Message = BoardMessage | PiMessage | ForeignHello

_HELLO, _SAMPLES, _HELLO_REQUEST = 0x01, 0x04, 0x81
_FIXED: dict[int, tuple[type[Message], struct.Struct]] = {
    _HELLO: (Hello, struct.Struct("<BBBBIBHIB")),
    0x02: (ProbeReply, struct.Struct("<HII")),
    0x03: (Event, struct.Struct("<HHBBIhI")),
    0x05: (Status, struct.Struct("<HHB")),
    0x06: (SettingReply, struct.Struct("<Bi")),
    _HELLO_REQUEST: (HelloRequest, struct.Struct("<BIB")),
    0x82: (Probe, struct.Struct("<H")),
    0x83: (Ack, struct.Struct("<HH")),
    0x84: (SettingSet, struct.Struct("<Bi")),
}
_ENCODERS = {kind: (struct.pack("<B", code), layout) for code, (kind, layout) in _FIXED.items()}
_SAMPLES_HEAD = struct.Struct("<HBIHB")
_INT16_RUNS = [struct.Struct(f"<{count}h") for count in range(SAMPLES_PER_BLOCK + 1)]
_GREETINGS = (Hello, HelloRequest)
FROM_BOARD: frozenset[type[Message]] = frozenset(
    (Hello, ForeignHello, ProbeReply, Event, Samples, Status, SettingReply)
)
FROM_PI: frozenset[type[Message]] = frozenset((HelloRequest, ForeignHello, Probe, Ack, SettingSet))


def encode(message: Message) -> bytes:
    """The bytes of one frame with its delimiter; a greeting has one before it as well.

    Raises ValueError where a field does not fit its width.
    """
    try:
        if isinstance(message, Samples):
            counts = message.counts
            body = b"\x04" + _SAMPLES_HEAD.pack(*message[:4], len(counts))
            body += _INT16_RUNS[len(counts)].pack(*counts)
        else:
            code, layout = _ENCODERS[type(message)]
            body = code + layout.pack(*message)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError(f"{message} does not fit its frame: {error}") from None
    frame: bytes = cobs.encode(body + crc_hqx(body, _CRC_START).to_bytes(2, "little")) + DELIMITER
    return DELIMITER + frame if isinstance(message, _GREETINGS) else frame


def decode(encoded: bytes) -> Message | None:
    """The message of one frame without its delimiter; None where it is damaged or unknown."""
    if len(encoded) > MAX_ENCODED_BYTES:
        return None
    try:
        payload: bytes = cobs.decode(encoded)
    except cobs.DecodeError:
        return None
    if len(payload) <= _CRC_BYTES:
        return None
    body = payload[:-_CRC_BYTES]
    if crc_hqx(body, _CRC_START) != int.from_bytes(payload[-_CRC_BYTES:], "little"):
        return None
    code = body[0]
    if code == _SAMPLES:
        return _decode_samples(body)
    if code in (_HELLO, _HELLO_REQUEST) and len(body) > 1 and body[1] != PROTOCOL_VERSION:
        return ForeignHello(body[1])
    if code not in _FIXED:
        return None
    kind, layout = _FIXED[code]
    if len(body) != 1 + layout.size:
        return None
    message = kind(*layout.unpack_from(body, 1))
    if isinstance(message, Event) and message.channel_code >= len(CHANNELS):
        return None
    if isinstance(message, Hello) and message.tick_hz == 0:
        return None
    return message


def _decode_samples(body: bytes) -> Samples | None:
    head_bytes = 1 + _SAMPLES_HEAD.size
    if len(body) <= head_bytes:
        return None
    block_seq, channel, first_ticks, period_ticks, count = _SAMPLES_HEAD.unpack_from(body, 1)
    if not 0 < count <= SAMPLES_PER_BLOCK or len(body) != head_bytes + 2 * count:
        return None
    if channel >= len(CHANNELS) or period_ticks == 0:
        return None
    counts = _INT16_RUNS[count].unpack_from(body, head_bytes)
    return Samples(block_seq, channel, first_ticks, period_ticks, counts)


class Decoder:
    """Bytes in pieces of any size, messages out. Never raises; holds at most one frame.

    `kinds` is FROM_BOARD or FROM_PI; frames of the other direction (an echo) count as bad. What
    precedes the first delimiter is skipped uncounted: it is the rest of a frame whose beginning
    nobody heard.
    """

    def __init__(self, kinds: frozenset[type[Message]]) -> None:
        self._kinds = kinds
        self.frames_good = 0
        self.frames_bad = 0
        self._tail = b""
        self._skipping = True

    def restart(self) -> None:
        """Forget the unfinished frame, as after a port was opened anew; keep the counters."""
        self._tail = b""
        self._skipping = True

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes, in order."""
        *complete, self._tail = (self._tail + data).split(DELIMITER)
        messages: list[Message] = []
        for encoded in complete:
            if self._skipping:
                self._skipping = False
            elif encoded:
                message = decode(encoded)
                if message is None or type(message) not in self._kinds:
                    self.frames_bad += 1
                else:
                    self.frames_good += 1
                    messages.append(message)
        if len(self._tail) > MAX_ENCODED_BYTES:
            self._tail = b""
            if not self._skipping:
                self.frames_bad += 1
                self._skipping = True
        return messages


def widen(low: int, near: int, bits: int) -> int:
    """The number closest to `near` whose lowest `bits` bits are `low`."""
    half = 1 << (bits - 1)
    return near - half + ((low - near + half) & ((1 << bits) - 1))
