"""What the therapist says of a recording, and the limits of what is made of it."""

from pathlib import Path

from msgspec import Struct


class RecordingSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recording, where its beats are, and the tempo that they are to have.

    The beats are told by `beats_file` (a text file, one time in seconds a line) or by `bpm` and
    `first_beat_s` for music played to a steady beat. From the first beat on the tempo goes evenly
    in time from `start_bpm` to `target_bpm`, within `change_minutes` or, where that is None, until
    the last beat.
    """

    path: Path
    start_bpm: float
    target_bpm: float
    change_minutes: float | None = None
    beats_file: Path | None = None
    bpm: float | None = None
    first_beat_s: float = 0.0
