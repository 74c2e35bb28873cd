"""What somebody else's file holds, whichever kind of file it was, and what was said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from andante.errors import SignalFileError
from andante.ports import FOOT_CHANNELS, Channel
from andante.timebase import MS_PER_S

Floats = npt.NDArray[np.float64]

SLOWEST_EVENTS_S = 60.0
"""Cues or responses farther apart than this are not believed to be in seconds."""
FASTEST_EVENTS_S = 0.02
SLOWEST_SAMPLES_HZ = 2.0
FASTEST_SAMPLES_HZ = 50_000.0


class Unit(StrEnum):
    """What the times of a file count."""

    S = "s"
    MS = "ms"
    US = "us"

    @property
    def per_s(self) -> int:
        """How many of it make a second."""
        return {Unit.S: 1, Unit.MS: MS_PER_S, Unit.US: MS_PER_S**2}[self]


@dataclass(frozen=True)
class Sampled:
    """One channel; `time_s` and `values` of shape (n,), n >= 2, NaN for a gap."""

    time_s: Floats
    values: Floats
    rate_hz: float


@dataclass(frozen=True)
class Content:
    """Cues, responses and samples on the file's own clock; `said` goes into the header."""

    cue_ns: tuple[int, ...] = ()
    responses: tuple[tuple[int, Channel], ...] = ()
    samples: Mapping[Channel, Sampled] = field(default_factory=dict)
    said: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportOptions:
    """What a person said about a file. None and empty: it was not said.

    `left`, `right`, `belt`: names of signals. `cues`: where cues are found, `taps`: where responses
    of `tap1` are found (an XDF stream); `pitches`: MIDI notes that are taps. `bpm`: the tempo of a
    MIDI file that does not give its own.
    """

    unit: Unit | None = None
    left: str | None = None
    right: str | None = None
    belt: str | None = None
    cues: str | None = None
    taps: str | None = None
    pitches: Mapping[int, Channel] = field(default_factory=dict)
    bpm: float | None = None

    def signals(self) -> dict[Channel, str]:
        """The names of signals that were said, by channel."""
        said = {
            Channel.LEFT_FOOT: self.left,
            Channel.RIGHT_FOOT: self.right,
            Channel.BELT: self.belt,
        }
        return {channel: name for channel, name in said.items() if name is not None}

    def refuse_unused(self, place: object, *allowed: str) -> None:
        """Raise SignalFileError for something said that means nothing for this kind of file."""
        options = {
            "unit": "--unit",
            "left": "--left",
            "right": "--right",
            "belt": "--belt",
            "cues": "--cues",
            "taps": "--taps",
            "pitches": "--pitch",
            "bpm": "--bpm",
        }
        for name, option in options.items():
            if name not in allowed and getattr(self, name) not in (None, {}):
                raise SignalFileError(
                    f"{option} says nothing about {place}; leave it out for this kind of file."
                )


def refuse_unlikely_interval(place: object, usual_s: float, what: str) -> None:
    """Raise SignalFileError where events `usual_s` apart can hardly be in seconds."""
    if usual_s > SLOWEST_EVENTS_S:
        raise SignalFileError(
            f"{place}: the {what} are {usual_s:g} apart, which is too slow for seconds; say the "
            "unit of the times with --unit ms, or --unit s if they are seconds."
        )
    if 0.0 < usual_s < FASTEST_EVENTS_S:
        raise SignalFileError(
            f"{place}: the {what} are {usual_s:g} s apart, which is too fast for steps or taps; "
            "give the times in seconds, or add --unit s if they are."
        )


def refuse_unlikely_rate(place: object, rate_hz: float) -> None:
    """Raise SignalFileError where samples at `rate_hz` can hardly have times in seconds."""
    if rate_hz < SLOWEST_SAMPLES_HZ:
        raise SignalFileError(
            f"{place}: the times of the samples are {1.0 / rate_hz:g} apart, which is too slow for "
            "seconds; say their unit with --unit ms, or --unit s if they are seconds."
        )
    if rate_hz > FASTEST_SAMPLES_HZ:
        raise SignalFileError(
            f"{place}: its times make {rate_hz:g} samples a second, which is too fast for a step "
            "or a breath; give the times in seconds, or add --unit s if they are."
        )


def refuse_feet_with_taps(place: object, content: Content) -> None:
    """Raise SignalFileError for a session that would be a walk and tapping at once."""
    feet = [channel in FOOT_CHANNELS for _, channel in content.responses]
    if any(feet) and not all(feet):
        raise SignalFileError(
            f"{place} has responses of feet and of taps; make two files and import each."
        )
    kinds = {channel in FOOT_CHANNELS for channel in content.samples}
    if len(kinds) > 1:
        raise SignalFileError(
            f"{place} would give feet and a belt in one session; import each by itself."
        )
    if content.responses and not all(feet) and True in kinds:
        raise SignalFileError(f"{place} would give taps and feet; import each by itself.")
