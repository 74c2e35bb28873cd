"""What a screen is shown of a session while it runs; never the figures of record.

Times here are *exercise time*: seconds since the session's beginning with pauses left out, as a
conductor lives in it. What a screen shows then stands still in a pause and goes on behind it.
"""

from msgspec import Struct


class Facts(Struct, frozen=True, kw_only=True):
    """What a session runs with.

    `outputs`: the device behind each; `simulated_parts`: which of all parts are twins.
    """

    path: str
    board: str
    outputs: dict[str, str]
    simulated_parts: tuple[str, ...]


class RecentCues(Struct, frozen=True, kw_only=True):
    """The latest beats that the patient was asked to meet, oldest first, as columns.

    `asynchrony_ms` is None where nothing has met the beat; the last `open_count` of them may still
    be met, so that only those before are missed.
    """

    at_s: tuple[float, ...] = ()
    interval_ms: tuple[float, ...] = ()
    asynchrony_ms: tuple[float | None, ...] = ()
    open_count: int = 0


class RecentBreaths(Struct, frozen=True, kw_only=True):
    """The pacer's parts of breaths, oldest first, as columns: see `ports.Cue`."""

    at_s: tuple[float, ...] = ()
    duration_s: tuple[float, ...] = ()
    kind: tuple[str, ...] = ()
    begin_share: tuple[float, ...] = ()


class Trace(Struct, frozen=True, kw_only=True):
    """The last two seconds of a sensor's raw counts, thinned to about twenty a second."""

    channel: str
    first_s: float
    step_s: float
    counts: tuple[int, ...]
