"""The small protocols of everything that is passed in besides the clock.

Every port has a real implementation and a simulated twin; one contract suite runs on both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class CueKind(StrEnum):
    """What a cue asks for. A silent cue keeps its place in time but no output gives it.

    A beat or a note has a moment; the four parts of a breath have a length as well. A note is
    music that nobody is asked to meet; an answer is a note given as soon as the output can, to what
    the patient just did; an expected beat is one that the patient is asked to meet without being
    given it, as in the repeat of a rhythm.
    """

    BEAT = "beat"
    SILENT = "silent"
    NOTE = "note"
    ANSWER = "answer"
    EXPECTED = "expected"
    INHALE = "inhale"
    HOLD_IN = "hold_in"
    EXHALE = "exhale"
    HOLD_OUT = "hold_out"


UNGIVEN_KINDS = frozenset({CueKind.SILENT, CueKind.EXPECTED})
"""Cues that reach no output."""
TRACK_PREFIX = "track:"
"""Of the sound of a cue that starts a prepared recording: `track:NAME`. Its `begin_share` is the
share of the recording that it starts at."""
TRACK_BEAT = "track-beat"
"""The sound of a cue that the recording under way gives by itself: nothing is added."""
BREATH_KINDS = frozenset({CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT})


class Channel(StrEnum):
    """The sensor board's inputs, by what the patient does."""

    LEFT_FOOT = "left"
    RIGHT_FOOT = "right"
    TAP_1 = "tap1"
    TAP_2 = "tap2"
    TAP_3 = "tap3"
    TAP_4 = "tap4"
    BELT = "belt"
    PHOTODIODE = "photodiode"
    SOUND_LINE = "sound_line"


FOOT_CHANNELS = (Channel.LEFT_FOOT, Channel.RIGHT_FOOT)
TAP_CHANNELS = (Channel.TAP_1, Channel.TAP_2, Channel.TAP_3, Channel.TAP_4)


class Edge(StrEnum):
    """Which side of a press: `on` is a contact or a tap, `off` the release."""

    ON = "on"
    OFF = "off"


class FaultKind(StrEnum):
    """What went wrong without ending the session."""

    LINK_LOST = "link_lost"
    LINK_RESTORED = "link_restored"
    BOARD_RESTARTED = "board_restarted"
    BAD_FRAMES = "bad_frames"
    SAMPLES_LOST = "samples_lost"
    EVENTS_LOST = "events_lost"
    EVENTS_RECOVERED = "events_recovered"
    CUE_LATE = "cue_late"
    CUE_MISSED = "cue_missed"
    SENSOR_STALE = "sensor_stale"
    SENSOR_FRESH = "sensor_fresh"
    SOUND_UNDERRUN = "sound_underrun"
    OUTPUT_MISSING = "output_missing"
    OUTPUT_FAILED = "output_failed"
    RECORDING_ENDED = "recording_ended"


@dataclass(frozen=True)
class Fault:
    """Something that went wrong at `time_ns`, in words that a person can act on."""

    kind: FaultKind
    time_ns: int
    part: str
    text: str
    count: int = 1


# --- cues -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cue:
    """One cue, handed to the outputs well before `planned_ns`.

    Part of a breath: it lasts `duration_ns` from `planned_ns`, during which its phase goes evenly
    from `begin_share` to 1. A cue that takes over from one of its own kind (the rate changed in
    mid-breath) begins at the share that had been reached. `breath_level` turns it into how full
    the breath is.

    The `planned_ns` of an answer is when the patient did what it answers; it is never late.
    """

    index: int
    planned_ns: int
    kind: CueKind = CueKind.BEAT
    sound: str = "click"
    light: bool = True  # false where the flash limit gives this cue no light
    level: float = 1.0  # loudness as a share of the session's volume, 0-1
    duration_ns: int = 0
    begin_share: float = 0.0

    @property
    def at_once(self) -> bool:
        """True for an answer: it is given as soon as can be."""
        return self.kind is CueKind.ANSWER

    @property
    def end_ns(self) -> int:
        """When the cue is over; its own beginning for a cue without length."""
        return self.planned_ns + self.duration_ns

    def share_at(self, time_ns: int) -> float:
        """The phase reached at `time_ns`, `begin_share` to 1; 1 for a cue without length."""
        if self.duration_ns <= 0:
            return 1.0
        passed = min(1.0, max(0.0, (time_ns - self.planned_ns) / self.duration_ns))
        return self.begin_share + (1.0 - self.begin_share) * passed


def breath_level(kind: CueKind, share: float) -> float:
    """How full the breath is, 0-1, where `share` of a part of it has passed.

    Half a cosine up while breathing in and down while breathing out, so that the level's slope
    never jumps; 1 and 0 while holding. Raises ValueError for a cue that is no part of a breath.
    """
    if kind is CueKind.INHALE:
        return 0.5 - 0.5 * math.cos(math.pi * share)
    if kind is CueKind.EXHALE:
        return 0.5 + 0.5 * math.cos(math.pi * share)
    if kind is CueKind.HOLD_IN:
        return 1.0
    if kind is CueKind.HOLD_OUT:
        return 0.0
    raise ValueError(f"a cue of kind {kind} is no part of a breath")


@dataclass(frozen=True)
class CueReport:
    """When an output really gave a cue, and how well it knows.

    `actual_ns` is None where the cue was not given; `fault` then says why. Where the cue was
    given but its time is in doubt (an underrun near it), both are set.
    """

    cue_index: int
    output: str
    actual_ns: int | None
    uncertainty_us: float | None
    fault: str | None = None


@dataclass(frozen=True)
class AudioTiming:
    """A raw reading of the sound device's clock: frame `frames` sounds at `dac_ns`.

    `callback_ns` is when the callback ran; `status` the stream's flags, 0 where all was well.
    """

    frames: int
    callback_ns: int
    dac_ns: int
    status: int


class CueOutput(Protocol):
    """One way for a cue to reach the patient. All methods belong to the runner's thread."""

    @property
    def name(self) -> str:
        """`sound`, `led`, `ring` or `haptic`; a row in the session file and the certificate."""
        ...

    @property
    def simulated(self) -> bool:
        """True for a twin."""
        ...

    @property
    def description(self) -> str:
        """The device, for the session's header: `PulseAudio default, 48000 Hz`."""
        ...

    def start(self) -> None:
        """Open the device and wait until it keeps time. Raises OutputError."""
        ...

    def schedule(self, cue: Cue) -> None:
        """Take a cue with its absolute time. Returns at once and never gives it early."""
        ...

    def cancel(self) -> None:
        """Withdraw every cue not begun; none of them is reported."""
        ...

    def take_reports(self) -> list[CueReport]:
        """Reports since the last call. Every scheduled, not cancelled cue gets exactly one."""
        ...

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        ...

    def take_audio_timing(self) -> list[AudioTiming]:
        """Raw clock readings since the last call; empty for outputs without their own clock."""
        ...

    def stop(self) -> None:
        """Silence and darken at once, then close. May be called twice."""
        ...


# --- the sensor board -----------------------------------------------------------------------


@dataclass(frozen=True)
class BoardInfo:
    """What the board says of itself when the link opens. `epoch` counts its boots as seen here."""

    protocol_version: int
    firmware_version: str
    tick_hz: int
    boot_reason: str
    epoch: int
    simulated: bool


@dataclass(frozen=True)
class Response:
    """One edge on one channel, as the board stamped it and as the Pi translates it so far."""

    channel: Channel
    edge: Edge
    epoch: int
    event_seq: int  # counts every event of this epoch from 0, so that a gap shows
    ticks: int
    time_ns: int
    uncertainty_us: float
    peak_counts: int | None = None
    duration_ticks: int | None = None


@dataclass(frozen=True)
class SampleBlock:
    """Raw counts of one channel at an even rate, the first of them at `first_ticks`.

    `first_ns` is the session time of that, as the clock fit has it so far; None before there is a
    fit. The file keeps the ticks alone.
    """

    channel: Channel
    epoch: int
    first_ticks: int
    rate_hz: float
    counts: Sequence[int]
    first_ns: int | None = None


@dataclass(frozen=True)
class ClockProbe:
    """A question and its answer: sent and received on the Pi's clock, stamped on the board's."""

    epoch: int
    sent_ns: int
    board_received_ticks: int
    board_sent_ticks: int
    received_ns: int


@dataclass
class LinkCounts:
    """What the link has seen, for the timing certificate."""

    frames_received: int = 0
    frames_bad: int = 0
    events_received: int = 0
    events_repeated: int = 0
    events_recovered: int = 0
    events_lost: int = 0
    sample_blocks_lost: int = 0
    reconnects: int = 0


@dataclass
class BoardNews:
    """Everything that came from the board since it was last asked, in order of arrival."""

    info: BoardInfo | None = None  # set when the board (re)introduced itself
    responses: list[Response] = field(default_factory=list)
    samples: list[SampleBlock] = field(default_factory=list)
    probes: list[ClockProbe] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ended: bool = False  # a replayed recording has come to its end


class Board(Protocol):
    """The sensor board at the other end of a link. All methods belong to the runner's thread."""

    @property
    def description(self) -> str:
        """The port or the twin, for the session's header."""
        ...

    @property
    def simulated(self) -> bool:
        """True where no real sensor is behind it."""
        ...

    @property
    def info(self) -> BoardInfo | None:
        """What the board last said of itself; None before `start`."""
        ...

    def start(self) -> None:
        """Open the link, shake hands, fit the clocks. Raises BoardError."""
        ...

    def take_news(self) -> BoardNews:
        """What has come since the last call. Never blocks."""
        ...

    def counts(self) -> LinkCounts:
        """The link's counters so far."""
        ...

    def stop(self) -> None:
        """Close the link. May be called twice."""
        ...


class SerialPort(Protocol):
    """A stream of bytes in both directions; the link's only way to the board."""

    @property
    def name(self) -> str:
        """The device's path or the twin's name."""
        ...

    def open(self) -> None:
        """Open the port. Raises BoardError with a sentence for a person."""
        ...

    def read(self) -> list[tuple[int, bytes]]:
        """What has arrived, as pieces with their arrival time in `_ns`. May wait a few ms.

        Raises BoardError when the port has gone.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send bytes. Raises BoardError when the port has gone."""
        ...

    def close(self) -> None:
        """Close the port. May be called twice."""
        ...
