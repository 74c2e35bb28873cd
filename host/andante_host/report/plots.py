"""The report's pictures: one function for each, from an analysis to a matplotlib figure.

Colours are of Okabe & Ito (2008), which people with any colour vision tell apart; what matters
is never told by colour alone.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as MplPath
from matplotlib.projections.polar import PolarAxes

from andante.plan import Exercise
from andante.ports import Channel
from andante.session.file import SessionData
from andante.timebase import NS_PER_S, S_PER_MINUTE
from andante_host.analysis import Analysis
from andante_host.cues import answering_channels, series_on
from andante_host.metrics.circular import beat_angles_rad

BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, FAINT, BAND = "#222222", "#8a8a8a", "#eef2f5"
# At a phone's width, 358 px, these shrink to 0.85: 10 pt are then still 11 px high.
WIDE_IN = (4.4, 3.0)
SQUARE_IN = (4.0, 3.6)

_POINT_SIZES = (1.5, 3.2)
_COMFORTABLE_POINTS = 300  # more than these are drawn smaller
_USUAL_SHARES = (0.5, 1.5)  # of the median: farther ones are pauses, double or missed steps

Floats = npt.NDArray[np.float64]


def style() -> AbstractContextManager[None]:
    """The look of every picture, for as long as the context lasts."""
    return rc_context(
        {
            "font.size": 10,
            "font.family": "sans-serif",
            "axes.edgecolor": FAINT,
            "axes.labelcolor": INK,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": INK,
            "ytick.color": INK,
            "svg.fonttype": "none",
            "path.simplify": False,
        }
    )


def asynchrony_plot(analysis: Analysis) -> Figure | None:
    """Asynchrony of every pair over the session, missed cues at the foot; None without pairs."""
    meeting = analysis.meeting
    if meeting is None or not meeting.asynchrony_ms.size:
        return None
    minutes = _minutes(analysis.data, meeting.cues.time_ns)
    figure, axes = _wide()
    limit_ms = 1.15 * max(float(np.abs(meeting.asynchrony_ms).max()), 20.0)
    axes.set_ylim(-limit_ms, limit_ms)
    _phase_bands(axes, analysis.data)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    _points(axes, minutes[meeting.pair_cue], meeting.asynchrony_ms, BLUE)
    missed = minutes[meeting.missed_cue]
    axes.plot(
        missed, np.full(missed.size, -0.96 * limit_ms), linestyle="", marker="|", color=VERMILION
    )
    handles = [_dot(BLUE, "response")]
    if missed.size:
        handles.append(Line2D([], [], linestyle="", marker="|", color=VERMILION, label="missed"))
    _legend(axes, handles)
    axes.set_xlabel("time (min)")
    axes.set_ylabel("asynchrony (ms)\nearly  ←   → late")
    return figure


def circle_plot(analysis: Analysis) -> Figure | None:
    """Where in the beat the responses fell, with their mean vector; None without pairs."""
    meeting = analysis.meeting
    if meeting is None or not meeting.asynchrony_ms.size:
        return None
    synchrony = analysis.blocks["synchrony"]
    figure = Figure(figsize=SQUARE_IN, layout="constrained")
    axes = figure.add_subplot(projection="polar")
    assert isinstance(axes, PolarAxes)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)  # late runs clockwise, as on a clock
    axes.set_ylim(0.0, 1.15)
    axes.set_yticks([0.5, 1.0], labels=["", ""])
    axes.set_xticks(
        np.deg2rad([0, 90, 180, 270]),
        labels=["on the beat", "¼ beat\nlate", "between two beats", "¼ beat\nearly"],
    )
    axes.grid(color="#d9d9d9", linewidth=0.8)
    axes.spines["polar"].set_visible(False)
    angles_rad = beat_angles_rad(meeting.asynchrony_ms, meeting.interval_ms)
    # Spread in radius, so that responses at the same point of the beat stay visible.
    radii = 1.0 + 0.1 * np.sin(np.arange(angles_rad.size) * 2.4)
    _points(axes, angles_rad, radii, BLUE, alpha=0.5)
    length = synchrony["vector_length"]
    axes.annotate(
        "",
        xy=(np.deg2rad(synchrony["mean_direction_deg"]), length),
        xytext=(0.0, 0.0),
        arrowprops={"arrowstyle": "-|>", "color": VERMILION, "linewidth": 2.2, "shrinkB": 0},
    )
    return figure


def interval_plot(analysis: Analysis) -> Figure | None:
    """Step times, left and right, over the session with what the beat asked for.

    For taps the intervals between them. None with fewer than two responses.
    """
    data = analysis.data
    walking = data.header.exercise == Exercise.WALK
    series = series_on(data, answering_channels(data))
    if series.time_ns.size < 2:
        return None
    minutes = _minutes(data, series.time_ns)[1:]
    interval_s = _intervals_s(analysis)
    figure, axes = _wide()
    axes.set_ylim(*_interval_limits_s(interval_s))
    _phase_bands(axes, data)
    if walking:
        left = series.channel[1:] == Channel.LEFT_FOOT
        _points(axes, minutes[left], interval_s[left], BLUE)
        _points(axes, minutes[~left], interval_s[~left], VERMILION)
        handles = [_dot(BLUE, "left"), _dot(VERMILION, "right")]
    else:
        _points(axes, minutes, interval_s, BLUE)
        handles = [_dot(BLUE, "taps")]
    if _target_lines(axes, data):
        handles.append(Line2D([], [], color=GREEN, linewidth=2, label="asked for"))
    _legend(axes, handles)
    axes.set_xlabel("time (min)")
    axes.set_ylabel("step time (s)" if walking else "interval (s)")
    return figure


def interval_caption(analysis: Analysis) -> str:
    """What the picture shows, and how much of it lies beyond its edges."""
    interval_s = _intervals_s(analysis)
    low_s, high_s = _interval_limits_s(interval_s)
    outside = int(((interval_s < low_s) | (interval_s > high_s)).sum())
    text = "Each dot is the time from one response to the next"
    if analysis.data.header.exercise == Exercise.WALK:
        text = "Each dot is one step: the time to a foot's contact from the contact before it"
    return f"{text}; {outside} lie beyond the edges of the picture." if outside else f"{text}."


# --- parts ----------------------------------------------------------------------------------


def _intervals_s(analysis: Analysis) -> Floats:
    times_ns = series_on(analysis.data, answering_channels(analysis.data)).time_ns
    intervals_s: Floats = np.diff(times_ns) / NS_PER_S
    return intervals_s


def _interval_limits_s(interval_s: Floats) -> tuple[float, float]:
    """The span of nearly all intervals: a pause must not flatten the rest."""
    share = interval_s / np.median(interval_s)
    usual_s = interval_s[(share > _USUAL_SHARES[0]) & (share < _USUAL_SHARES[1])]
    low_s, high_s = float(usual_s.min()), float(usual_s.max())
    margin_s = max(0.1 * (high_s - low_s), 0.03)
    return max(low_s - margin_s, 0.0), high_s + margin_s


def _wide() -> tuple[Figure, Axes]:
    figure = Figure(figsize=WIDE_IN, layout="constrained")
    return figure, figure.add_subplot()


def _minutes(data: SessionData, time_ns: npt.NDArray[np.int64]) -> Floats:
    minutes: Floats = (time_ns - data.header.started_ns) / NS_PER_S / S_PER_MINUTE
    return minutes


def _points(axes: Axes, x: Floats, y: Floats, color: str, alpha: float = 0.75) -> None:
    """Round dots as one path: a fifth of the bytes that markers take in an SVG."""
    if not x.size:
        return
    crowd = np.sqrt(_COMFORTABLE_POINTS / x.size)
    size = float(np.clip(_POINT_SIZES[1] * crowd, *_POINT_SIZES))
    ends = np.stack((np.column_stack((x, y)), np.column_stack((x + 1e-6, y))), axis=1)
    path = MplPath(ends.reshape(-1, 2), np.tile([MplPath.MOVETO, MplPath.LINETO], x.size))
    axes.add_patch(
        PathPatch(path, edgecolor=color, linewidth=size, capstyle="round", fill=False, alpha=alpha)
    )


def _phase_bands(axes: Axes, data: SessionData) -> None:
    """Every second phase on a faint band, each with its name above the plot."""
    ends_ns = [data.last_ns if phase.end_ns is None else phase.end_ns for phase in data.phases]
    edges_min = _minutes(
        data, np.array([phase.start_ns for phase in data.phases] + ends_ns, dtype=np.int64)
    )
    if not edges_min.size:
        return
    first_min, last_min = float(edges_min.min()), float(edges_min.max())
    axes.set_xlim(first_min, max(last_min, first_min + 1e-3))
    starts, ends = edges_min[: len(data.phases)], edges_min[len(data.phases) :]
    for number, (phase, start, end) in enumerate(zip(data.phases, starts, ends, strict=True)):
        if number % 2:
            axes.axvspan(start, end, color=BAND, linewidth=0)
        axes.annotate(
            phase.name,
            ((start + end) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3 + 10 * (number % 2)),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color="#555555",
        )


def _target_lines(axes: Axes, data: SessionData) -> bool:
    """The step time that each tempo asked for, as long as it did; True where there was one."""
    drawn = False
    edges_ns = [*(change.time_ns for change in data.tempo_changes), data.last_ns]
    for change, end_ns in zip(data.tempo_changes, edges_ns[1:], strict=True):
        if change.tempo_per_minute:
            span_min = _minutes(data, np.array([change.time_ns, end_ns], dtype=np.int64))
            target_s = S_PER_MINUTE / change.tempo_per_minute
            axes.plot(span_min, [target_s, target_s], color=GREEN, linewidth=2)
            drawn = True
    return drawn


def _dot(color: str, label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker="o", markersize=5, color=color, label=label)


def _legend(axes: Axes, handles: Sequence[Line2D]) -> None:
    axes.legend(
        handles=list(handles),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        handletextpad=0.3,
    )
