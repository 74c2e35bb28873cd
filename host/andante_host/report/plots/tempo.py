"""The tempo that was asked for beside the patient's own, with the reasons for each change."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS
from andante.safety import MIN_BASELINE_STEPS
from andante.timebase import NS_PER_S, S_PER_MINUTE
from andante_host.cues import answering_channels, series_on
from andante_host.metrics.breathing import LONGEST_BREATH_S
from andante_host.report.happened import tempo_lines, tempo_unit
from andante_host.report.plots.style import (
    BLUE,
    GREEN,
    INK,
    Column,
    Floats,
    Picture,
    asked_steps,
    dot,
    legend,
    line,
    minutes,
    phase_bands,
    points,
    wide,
)
from andante_host.report.view import View

_MARGIN_SHARE = 0.08
_NUMBER_SHARE = 0.05  # of the width, for a number of two digits
_SHOWN_PERCENTILES = (1.0, 99.0)


def tempo(view: View) -> Picture | None:
    """Asked for and own tempo over the session; None where nothing was asked for."""
    asked_s, asked_per_minute = asked_steps(view)
    if not np.isfinite(asked_per_minute).any():
        return None
    unit = tempo_unit(view.exercise, view.analysis.data.header.plan)
    own_s, own_per_minute, own_words = _own(view)
    figure, axes = wide()
    axes.set_ylim(*_limits(asked_per_minute, own_per_minute))
    phase_bands(axes, view)
    points(axes, minutes(own_s), own_per_minute, BLUE)
    axes.plot(minutes(asked_s), asked_per_minute, color=GREEN, linewidth=2)
    _numbers(view, unit, axes)
    handles = [line(GREEN, "asked for" if view.scored else "given")]
    if own_s.size:
        handles.insert(0, dot(BLUE, "the patient's own"))
    legend(axes, handles)
    axes.set_ylabel(unit)
    caption = f"{own_words} The line is what the device "
    caption += "asked for" if view.scored else "gave"
    caption += "; the numbers are those of the list under “What happened”."
    table: dict[str, Column] = {
        "what": np.repeat(["asked", "own"], [asked_s.size, own_s.size]),
        "time_s": np.concatenate((asked_s, own_s)),
        "tempo_per_minute": np.concatenate((asked_per_minute, own_per_minute)),
    }
    return Picture("tempo", "Tempo, and why it changed", caption, figure, table)


def _numbers(view: View, unit: str, axes: Axes) -> None:
    """The numbers of the list at the places of its lines, as far as they have room."""
    changes = view.blocks["session"]["tempo_changes"]
    asked_at = {change["time_s"]: change["tempo_per_minute"] for change in changes}
    first_min, last_min = axes.get_xlim()
    free_from_min = -np.inf
    for number, found in enumerate(tempo_lines(changes, unit), 1):
        height, at_min = asked_at.get(found.first_s), float(minutes(found.first_s))
        if height and at_min >= free_from_min:
            free_from_min = at_min + _NUMBER_SHARE * (last_min - first_min)
            axes.annotate(
                str(number),
                (at_min, height),
                xytext=(2, 5),
                textcoords="offset points",
                fontsize=8,
                fontweight="bold",
                color=INK,
            )


def _own(view: View) -> tuple[Floats, Floats, str]:
    """The patient's own tempo, shape (n,) each in seconds and per minute, and how it was taken."""
    if view.breathing is not None:
        starts_s = view.breathing.inhales_s
        length_s = np.diff(starts_s)
        whole = length_s <= LONGEST_BREATH_S
        return starts_s[:-1][whole], S_PER_MINUTE / length_s[whole], "Each dot is one breath."
    data = view.analysis.data
    walking = view.exercise != Exercise.TAP
    series = series_on(data, tuple(FOOT_CHANNELS) if walking else answering_channels(data))
    if view.together or series.time_ns.size < MIN_BASELINE_STEPS + 1:
        return np.empty(0), np.empty(0), ""
    middle_s = _rolling_median(np.diff(series.time_ns) / NS_PER_S, MIN_BASELINE_STEPS)
    own_s = view.since_start_s(series.time_ns)[MIN_BASELINE_STEPS:]
    word = "steps" if walking else "taps"
    return own_s, S_PER_MINUTE / middle_s, f"Each dot is the median of the last 12 {word}."


def _rolling_median(values: Floats, count: int) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(values, count)
    medians: Floats = np.median(windows, axis=1)
    return medians


def _limits(asked: Floats, own: npt.NDArray[np.float64]) -> tuple[float, float]:
    """All that was asked for and nearly all of the patient's own."""
    low, high = float(np.nanmin(asked)), float(np.nanmax(asked))
    if own.size:
        own_low, own_high = np.percentile(own, _SHOWN_PERCENTILES)
        low, high = min(low, float(own_low)), max(high, float(own_high))
    margin = max(_MARGIN_SHARE * (high - low), 0.02 * high)
    return max(low - margin, 0.0), high + 1.5 * margin
