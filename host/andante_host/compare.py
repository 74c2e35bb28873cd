"""Two sessions, or two parts of one, side by side: what differs, and how well that is known.

Every figure is that of `andante-host metrics`. The interval of a difference is a bootstrap
(`metrics.resampling`) over what the figure rests on: asynchronies, strides or breaths.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from andante.errors import AndanteError
from andante.ports import FOOT_CHANNELS
from andante.timebase import NS_PER_S, S_PER_MINUTE
from andante_host.analysis import WHOLE, Analysis, Window, measures_of
from andante_host.found_events import belt_of, load_with_events
from andante_host.metrics.breathing import whole_breaths
from andante_host.metrics.circular import beat_angles_rad
from andante_host.metrics.gait import strides_of
from andante_host.metrics.resampling import (
    METHOD,
    MIN_VALUES,
    Floats,
    Statistic,
    interval_of_difference,
)

NOT_ESTIMATED = "No interval is estimated for this figure."
TOO_FEW = f"An interval takes at least {MIN_VALUES} values on both sides."
MEAN_REMARK = (
    "Without a measured latency both means carry an unknown constant; it falls out of the "
    "difference only if both were given by the same output of the same device."
)


@dataclass(frozen=True)
class Side:
    """A session or a part of it; `name` is shown, `analysis` is of that part alone."""

    name: str
    analysis: Analysis


@dataclass(frozen=True)
class Difference:
    """One figure on both sides, None where it cannot be had; `difference` is b less a.

    `low` to `high` is the interval of the difference; None has its `reason`.
    """

    key: str
    unit: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def load_side(path: Path, phase: str | None = None) -> Side:
    """A session, or one of its phases; one that comes again is `NAME 2`. Raises AndanteError."""
    data, found = load_with_events(path)
    window_s = WHOLE
    if phase is not None:
        spans: dict[str, Window] = {}
        for span in data.phases:
            times = sum(name.partition(" ")[0] == span.name for name in spans) + 1
            end_ns = data.last_ns if span.end_ns is None else span.end_ns
            spans[span.name if times == 1 else f"{span.name} {times}"] = (
                (span.start_ns - data.header.started_ns) / NS_PER_S,
                (end_ns - data.header.started_ns) / NS_PER_S,
            )
        if phase not in spans:
            raise AndanteError(
                f"{path} has no phase {phase!r}; it has {', '.join(spans) or 'none'}."
            )
        window_s = spans[phase]
    name = path.name if phase is None else f"{path.name}, {phase}"
    return Side(name, measures_of(data, found, window_s=window_s))


def compare(a: Side, b: Side) -> list[Difference]:
    """Every figure that at least one side has. Raises AndanteError where they share no exercise."""
    exercises = [side.analysis.data.header.exercise for side in (a, b)]
    if exercises[0] != exercises[1]:
        raise AndanteError(
            f"{a.name} is of the exercise {exercises[0]} and {b.name} of {exercises[1]}; compare "
            "sessions of the same exercise."
        )
    rows = [row for figure in _FIGURES if (row := _row(figure, a, b)) is not None]
    if not rows:
        raise AndanteError(f"{a.name} and {b.name} have no figures to compare; choose others.")
    return rows


def as_json(a: Side, b: Side, rows: list[Difference]) -> dict[str, Any]:
    """What `andante-host compare --json` prints."""
    return {
        "a": a.name,
        "b": b.name,
        "interval_method": METHOD,
        "remark": MEAN_REMARK if _latency_unknown(a, b) else None,
        "figures": [vars(row) for row in rows],
    }


def _latency_unknown(a: Side, b: Side) -> bool:
    blocks = [side.analysis.blocks["synchrony"] for side in (a, b)]
    return any(block is not None and block["cue_latency_ms"] is None for block in blocks)


# --- what the figures rest on ---------------------------------------------------------------
# Moments: one row for each asynchrony, stride or breath, in order of time.


def _asynchronies(side: Side) -> Floats:
    """A, A squared, cos and sin of its angle; shape (n, 4)."""
    meeting = side.analysis.meeting
    if meeting is None:
        return np.empty((0, 4))
    value_ms = meeting.asynchrony_ms
    angle_rad = beat_angles_rad(value_ms, meeting.interval_ms)
    return np.column_stack((value_ms, value_ms**2, np.cos(angle_rad), np.sin(angle_rad)))


def _cues(side: Side) -> Floats:
    """1 for every scored cue that was missed; shape (n, 1)."""
    meeting = side.analysis.meeting
    if meeting is None:
        return np.empty((0, 1))
    missed = np.ones(meeting.cues.time_ns.size)
    missed[meeting.pair_cue] = 0.0
    return missed[meeting.cues.scored][:, np.newaxis]


def _strides(foot: int) -> Callable[[Side], Floats]:
    """Stride time and its square of one foot; shape (n, 2)."""

    def moments(side: Side) -> Floats:
        data = side.analysis.data
        contacts_s = [
            (data.responses.times_ns(channel) - data.header.started_ns) / NS_PER_S
            for channel in FOOT_CHANNELS
        ]
        strides = strides_of(contacts_s[foot], np.empty(0), contacts_s[1 - foot])
        return np.column_stack((strides.time_s, strides.time_s**2))

    return moments


def _breaths(side: Side) -> Floats:
    """Inhale and exhale; shape (n, 2)."""
    found = belt_of(side.analysis.data)
    if found is None:
        return np.empty((0, 2))
    breaths = whole_breaths(found[1], found[2])
    inhale_s = breaths.exhale_s - breaths.start_s
    return np.column_stack((inhale_s, breaths.length_s - inhale_s))


def _first(scale: float = 1.0) -> Statistic:
    return lambda means, _: scale * means[..., 0]


def _second(means: Floats, _: int) -> Floats:
    return np.asarray(means[..., 1])


def _sd(means: Floats, count: int) -> Floats:
    variance = np.maximum(means[..., 1] - means[..., 0] ** 2, 0.0) * count / (count - 1)
    return np.asarray(np.sqrt(variance))


def _cv_percent(means: Floats, count: int) -> Floats:
    return np.asarray(100.0 * _sd(means, count) / means[..., 0])


def _vector_length(means: Floats, _: int) -> Floats:
    return np.asarray(np.hypot(means[..., 2], means[..., 3]))


def _cadence_spm(means: Floats, _: int) -> Floats:
    return np.asarray(2.0 * S_PER_MINUTE / means[..., 0])


def _rate_brpm(means: Floats, _: int) -> Floats:
    return np.asarray(S_PER_MINUTE / (means[..., 0] + means[..., 1]))


def _ratio(means: Floats, _: int) -> Floats:
    return np.asarray(means[..., 0] / means[..., 1])


@dataclass(frozen=True)
class _Figure:
    """`key` is the way to it in the blocks; without `statistic` no interval is estimated."""

    key: str
    unit: str
    moments: Callable[[Side], Floats] | None = None
    statistic: Statistic | None = None


_LEFT, _RIGHT = _strides(0), _strides(1)
_FIGURES = (
    _Figure("synchrony.mean_asynchrony_ms", "ms", _asynchronies, _first()),
    _Figure("synchrony.sd_asynchrony_ms", "ms", _asynchronies, _sd),
    _Figure("synchrony.vector_length", "", _asynchronies, _vector_length),
    _Figure("synchrony.missed_percent", "%", _cues, _first(100.0)),
    _Figure("synchrony.extra_percent", "%"),
    _Figure("synchrony.interval_mean_ms", "ms"),
    _Figure("synchrony.interval_cv_percent", "%"),
    _Figure("synchrony.phase_correction_alpha", ""),
    _Figure("gait.cadence_spm", "steps/min", _LEFT, _cadence_spm),
    _Figure("gait.left_stride_time_mean_s", "s", _LEFT, _first()),
    _Figure("gait.right_stride_time_mean_s", "s", _RIGHT, _first()),
    _Figure("gait.left_stride_time_cv_percent", "%", _LEFT, _cv_percent),
    _Figure("gait.right_stride_time_cv_percent", "%", _RIGHT, _cv_percent),
    _Figure("gait.step_time_asymmetry_percent", "%"),
    _Figure("gait.phase_coordination_index_percent", "%"),
    _Figure("gait.dfa_alpha", ""),
    _Figure("breathing.breath_rate_brpm", "breaths/min", _breaths, _rate_brpm),
    _Figure("breathing.inhale_mean_s", "s", _breaths, _first()),
    _Figure("breathing.exhale_mean_s", "s", _breaths, _second),
    _Figure("breathing.inhale_exhale_ratio", "", _breaths, _ratio),
    _Figure("breathing.in_tolerance_percent", "%"),
    _Figure("tapping.continuation.interval_mean_ms", "ms"),
    _Figure("tapping.continuation.interval_cv_percent", "%"),
    _Figure("tapping.unpaced.interval_mean_ms", "ms"),
    _Figure("tapping.unpaced.interval_cv_percent", "%"),
)


def _value(side: Side, key: str) -> float | None:
    part: Any = side.analysis.blocks
    for name in key.split("."):
        part = (part or {}).get(name)
    return None if part is None else float(part)


def _row(figure: _Figure, a: Side, b: Side) -> Difference | None:
    values = [_value(side, figure.key) for side in (a, b)]
    if values[0] is None and values[1] is None:
        return None
    row = Difference(figure.key, figure.unit, values[0], values[1], None)
    if values[0] is None or values[1] is None:
        missing = a.name if values[0] is None else b.name
        return _with(row, reason=f"{missing} does not have this figure.")
    difference = values[1] - values[0]
    if figure.moments is None or figure.statistic is None:
        return _with(row, difference=difference, reason=NOT_ESTIMATED)
    parts = [figure.moments(side) for side in (a, b)]
    interval = interval_of_difference(figure.statistic, parts[0], parts[1])
    if interval is None:
        return _with(row, difference=difference, reason=TOO_FEW)
    own = [float(figure.statistic(part.mean(axis=0), len(part))) for part in parts]
    # The measures may rest on a little more than whole strides: the interval moves along.
    shift = difference - (own[1] - own[0])
    return _with(row, difference=difference, low=interval[0] + shift, high=interval[1] + shift)


def _with(row: Difference, **changed: Any) -> Difference:
    return Difference(**(vars(row) | changed))


# --- for a terminal -------------------------------------------------------------------------

_COLUMNS = ("", "A", "B", "B - A", "95 % interval", "unit")


def as_text(a: Side, b: Side, rows: list[Difference]) -> str:
    """A table with units, what differs beyond its interval marked with a star."""
    table = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(_COLUMNS))]
    lines = [f"A: {a.name}", f"B: {b.name}", ""]
    for line in table:
        cells = [line[0].ljust(widths[0])]
        cells += [line[at].rjust(widths[at]) for at in range(1, 5)]
        lines.append("  ".join([*cells, line[5]]).rstrip())
    lines += ["", f"* the interval leaves out no difference. Interval: {METHOD}."]
    if _latency_unknown(a, b):
        lines.append(MEAN_REMARK)
    return "\n".join(lines)


def _cells(row: Difference) -> tuple[str, ...]:
    interval = ""
    if row.low is not None and row.high is not None:
        star = " *" if row.low * row.high > 0.0 else "  "
        interval = f"{_number(row.low, '+')} to {_number(row.high, '+')}{star}"
    return (
        row.key,
        _number(row.a),
        _number(row.b),
        _number(row.difference, "+"),
        interval,
        row.unit,
    )


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.4g}"
