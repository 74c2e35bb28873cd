"""Cues and responses from `events.csv`: `event,time_s[,channel]`.

The times are seconds, as the column says, or what a person says they are. The rows need no order.
"""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from andante.errors import SignalFileError
from andante.ports import FOOT_CHANNELS, TAP_CHANNELS, Channel
from andante.timebase import NS_PER_S
from andante_host.imports.content import Content, Unit, refuse_unlikely_interval
from andante_host.imports.csv_text import csv_rows
from andante_host.metrics.middle import median

COLUMNS = ("event", "time_s")
_EVENTS = ("cue", "response")
_CHANNELS = {str(channel): channel for channel in (*TAP_CHANNELS, *FOOT_CHANNELS)}
_MAX_TIME_S = 9_000_000_000  # what 64-bit nanoseconds hold, with room to spare


def read_events(path: Path, unit: Unit | None = None) -> Content:
    """Read an events file. A response without a channel is on `tap1`.

    `unit` is what the times count; None: seconds, and refused where they can hardly be that.
    Raises SignalFileError naming the line.
    """
    cue_ns: list[int] = []
    responses: list[tuple[int, Channel]] = []
    with csv_rows(path) as (names, rows):
        for name in COLUMNS:
            if name not in names:
                raise SignalFileError(
                    f"{path} has no column {name}; its first line should be event,time_s or "
                    "event,time_s,channel."
                )
        event_at, time_at = (names.index(name) for name in COLUMNS)
        channel_at = names.index("channel") if "channel" in names else None
        for line, row in rows:
            place = f"{path}, line {line}"
            if len(row) <= max(event_at, time_at):
                raise SignalFileError(f"{place} has too few columns; give event and time_s.")
            event = row[event_at].strip().lower()
            if event not in _EVENTS:
                raise SignalFileError(
                    f"{place}: the event is {row[event_at]!r}, but only cue and response are known."
                )
            time_ns = _time_ns(row[time_at], place, unit or Unit.S)
            if event == "cue":
                cue_ns.append(time_ns)
            else:
                named = row[channel_at] if channel_at is not None and channel_at < len(row) else ""
                responses.append((time_ns, _channel(named, place)))
    if not cue_ns and not responses:
        raise SignalFileError(f"{path} holds no events below its first line.")
    if unit is None:
        _refuse_other_units(path, cue_ns, responses)
    return Content(tuple(cue_ns), tuple(responses))


def _refuse_other_units(
    path: Path, cue_ns: list[int], responses: list[tuple[int, Channel]]
) -> None:
    for what, times_ns in (("cues", cue_ns), ("responses", [time_ns for time_ns, _ in responses])):
        if len(times_ns) > 1:
            apart_ns = np.diff(np.sort(np.array(times_ns, dtype=np.float64)))
            refuse_unlikely_interval(path, median(apart_ns) / NS_PER_S, what)


def _time_ns(text: str, place: str, unit: Unit) -> int:
    try:
        time_s = (
            Decimal(text.strip()) / unit.per_s
        )  # exact, so that the file's own digits come back
    except InvalidOperation:
        raise SignalFileError(f"{place}: time_s is {text!r}, but a number is needed.") from None
    if not time_s.is_finite() or abs(time_s) > _MAX_TIME_S:
        raise SignalFileError(
            f"{place}: time_s is {text!r}, but a number up to {_MAX_TIME_S} s is needed."
        )
    return round(time_s * NS_PER_S)


def _channel(text: str, place: str) -> Channel:
    name = text.strip().lower()
    if not name:
        return Channel.TAP_1
    if name not in _CHANNELS:
        raise SignalFileError(
            f"{place}: the channel is {text!r}, but it must be one of {', '.join(_CHANNELS)}, "
            "or empty."
        )
    return _CHANNELS[name]
