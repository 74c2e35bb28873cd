"""Pictures of how responses met the beat: over time, round the circle, and their intervals."""

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.projections.polar import PolarAxes

from andante.plan import Exercise
from andante.ports import Channel
from andante.timebase import NS_PER_S, S_PER_MINUTE
from andante_host.cues import answering_channels, series_on
from andante_host.metrics.circular import beat_angles_rad
from andante_host.report.plots.style import (
    BLUE,
    GREEN,
    INK,
    SQUARE_AXES,
    SQUARE_IN,
    VERMILION,
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
from andante_host.report.words import LATENCY_SENTENCE

_USUAL_SHARES = (0.5, 1.5)  # of the median: farther ones are pauses, double or missed steps


def asynchrony(view: View) -> Picture | None:
    """Asynchrony of every pair over the session, missed cues at the foot; None without pairs."""
    meeting = view.analysis.meeting
    if meeting is None or not meeting.asynchrony_ms.size:
        return None
    cue_s = view.since_start_s(meeting.cues.time_ns)
    figure, axes = wide()
    limit_ms = 1.15 * max(float(np.abs(meeting.asynchrony_ms).max()), 20.0)
    axes.set_ylim(-limit_ms, limit_ms)
    phase_bands(axes, view)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    points(axes, minutes(cue_s[meeting.pair_cue]), meeting.asynchrony_ms, BLUE)
    missed_min = minutes(cue_s[meeting.missed_cue])
    foot = np.full(missed_min.size, -0.96 * limit_ms)
    axes.plot(missed_min, foot, linestyle="", marker="|", color=VERMILION)
    handles = [dot(BLUE, "response")]
    if missed_min.size:
        handles.append(Line2D([], [], linestyle="", marker="|", color=VERMILION, label="missed"))
    legend(axes, handles)
    axes.set_ylabel("asynchrony (ms)\nearly  ←   → late")
    caption = "Each dot is one response; below the line it came before the beat, above it after."
    if not view.blocks["synchrony"]["latency_calibrated"]:
        caption += f" {LATENCY_SENTENCE}"
    shown = np.concatenate((meeting.pair_cue, meeting.missed_cue))
    asynchrony_ms = np.full(shown.size, np.nan)
    asynchrony_ms[: meeting.pair_cue.size] = meeting.asynchrony_ms
    order = np.argsort(shown)
    return Picture(
        "asynchrony",
        "Early or late, over the session",
        caption,
        figure,
        {"cue_time_s": cue_s[shown[order]], "asynchrony_ms": asynchrony_ms[order]},
    )


def circle(view: View) -> Picture | None:
    """Where in the beat the responses fell, with their mean vector; None without pairs."""
    meeting = view.analysis.meeting
    if meeting is None or not meeting.asynchrony_ms.size:
        return None
    figure = Figure(figsize=SQUARE_IN)
    axes = figure.add_axes(SQUARE_AXES, projection="polar")
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
    points(axes, angles_rad, radii, BLUE, alpha=0.5)
    synchrony = view.blocks["synchrony"]
    tip = (np.deg2rad(synchrony["mean_direction_deg"]), synchrony["vector_length"])
    arrow = {"arrowstyle": "-|>", "color": VERMILION, "linewidth": 2.2, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=(0.0, 0.0), arrowprops=arrow)
    return Picture(
        "circle",
        "Where in the beat",
        "One turn is one beat; late runs clockwise. The arrow is the mean: the closer its tip to "
        "the rim, the steadier.",
        figure,
        {
            "cue_time_s": view.since_start_s(meeting.cues.time_ns)[meeting.pair_cue],
            "direction_deg": np.rad2deg(angles_rad),
        },
    )


def intervals(view: View) -> Picture | None:
    """Step times, left and right, or intervals between taps, with what the beat asked for.

    None with fewer than two responses.
    """
    data = view.analysis.data
    walking = view.exercise == Exercise.WALK
    series = series_on(data, answering_channels(data))
    if series.time_ns.size < 2:
        return None
    interval_s: Floats = np.diff(series.time_ns) / NS_PER_S
    end_s = view.since_start_s(series.time_ns)[1:]
    low_s, high_s = _limits_s(interval_s)
    figure, axes = wide()
    axes.set_ylim(low_s, high_s)
    phase_bands(axes, view)
    if walking:
        left = series.channel[1:] == Channel.LEFT_FOOT
        points(axes, minutes(end_s[left]), interval_s[left], BLUE)
        points(axes, minutes(end_s[~left]), interval_s[~left], VERMILION)
        handles = [dot(BLUE, "left"), dot(VERMILION, "right")]
    else:
        points(axes, minutes(end_s), interval_s, BLUE)
        handles = [dot(BLUE, "taps")]
    asked_s, per_minute = asked_steps(view)
    if np.isfinite(per_minute).any():
        axes.plot(minutes(asked_s), S_PER_MINUTE / per_minute, color=GREEN, linewidth=2)
        handles.append(line(GREEN, "asked for"))
    legend(axes, handles)
    axes.set_ylabel("step time (s)" if walking else "interval (s)")
    text = "Each dot is the time from one response to the next"
    if walking:
        text = "Each dot is one step: the time to a foot's contact from the contact before it"
    outside = int(((interval_s < low_s) | (interval_s > high_s)).sum())
    beyond = f"; {outside} lie beyond the edges of the picture." if outside else "."
    return Picture(
        "intervals",
        "Step times, left and right" if walking else "Intervals between taps",
        text + beyond,
        figure,
        {"time_s": end_s, "channel": series.channel[1:], "interval_s": interval_s},
    )


def _limits_s(interval_s: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The span of nearly all intervals: a pause must not flatten the rest."""
    share = interval_s / np.median(interval_s)
    usual_s = interval_s[(share > _USUAL_SHARES[0]) & (share < _USUAL_SHARES[1])]
    low_s, high_s = float(usual_s.min()), float(usual_s.max())
    margin_s = max(0.1 * (high_s - low_s), 0.03)
    return max(low_s - margin_s, 0.0), high_s + margin_s
