"""From a force or belt recording to its events, whichever it is."""

from enum import StrEnum
from pathlib import Path

import msgspec

from andante.signal_file import BeltRecording, ForceRecording, read_signal
from andante_host.detect.breaths import detect_breaths
from andante_host.detect.contacts import detect_contacts


class EventKind(StrEnum):
    """What happened."""

    CONTACT = "contact"
    OFF = "off"
    TAP = "tap"
    INHALE = "inhale"
    EXHALE = "exhale"


class DetectedEvent(msgspec.Struct, frozen=True):
    """One event; `channel` is `left`, `right` or `belt`, `time_s` on the file's own clock."""

    kind: EventKind
    channel: str
    time_s: float


def detect_file(path: Path) -> list[DetectedEvent]:
    """Read a force or belt file and find its events. Raises SignalFileError."""
    return detect_events(read_signal(path))


def detect_events(recording: ForceRecording | BeltRecording) -> list[DetectedEvent]:
    """All events of a recording in order of time."""
    if isinstance(recording, BeltRecording):
        breaths = detect_breaths(recording.time_s, recording.belt)
        found = [
            (EventKind.INHALE, "belt", breaths.inhales_s),
            (EventKind.EXHALE, "belt", breaths.exhales_s),
        ]
    else:
        left, right = detect_contacts(recording.time_s, recording.left, recording.right)
        found = [
            (kind, channel, times_s)
            for channel, foot in (("left", left), ("right", right))
            for kind, times_s in (
                (EventKind.CONTACT, foot.contacts_s),
                (EventKind.OFF, foot.offs_s),
            )
        ]
    events = [
        DetectedEvent(kind, channel, time_s)
        for kind, channel, times_s in found
        for time_s in times_s.tolist()
    ]
    return sorted(events, key=lambda event: event.time_s)
