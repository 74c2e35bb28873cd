"""Ten seconds of force with the contacts that were found in it."""

import numpy as np

from andante.ports import Channel, Edge
from andante.safety import STEP_TIME_S
from andante_host.report.plots.style import (
    BLUE,
    GREEN,
    INK,
    PURPLE,
    VERMILION,
    Column,
    Picture,
    dot,
    legend,
    line,
    wide,
)
from andante_host.report.view import EXCERPT_S, View

_COLORS = (BLUE, VERMILION, GREEN, PURPLE)
_NAMES = {Channel.LEFT_FOOT: "left", Channel.RIGHT_FOOT: "right"}


def force(view: View) -> Picture | None:
    """An excerpt from the middle of the session, one row a sensor; None without samples."""
    data = view.analysis.data
    if not view.force:
        return None
    start_s, end_s = view.excerpt_s
    figure, axes = wide(names=False)
    axes.set_xlim(start_s, end_s)
    axes.set_yticks([])
    rows: list[tuple[str, Column, Column]] = []
    handles = []
    for number, (channel, series) in enumerate(view.force.items()):
        time_s = view.since_start_s(series.time_ns)
        inside = (time_s >= start_s) & (time_s < end_s)
        if not inside.any():
            continue
        time_s, counts = time_s[inside], series.counts[inside].astype(np.float64)
        height = (counts - counts.min()) / max(float(np.ptp(counts)), 1.0) - 1.25 * number
        color, name = _COLORS[number % len(_COLORS)], _NAMES.get(Channel(channel), str(channel))
        gaps = np.flatnonzero(np.diff(time_s) > STEP_TIME_S.low) + 1
        axes.plot(np.insert(time_s, gaps, np.nan), np.insert(height, gaps, np.nan), color=color)
        on_s = view.since_start_s(data.responses.times_ns(channel, Edge.ON))
        on_s = on_s[(on_s >= start_s) & (on_s < end_s)]
        axes.plot(on_s, np.interp(on_s, time_s, height), linestyle="", marker="o", color=INK, ms=4)
        handles.append(line(color, name))
        rows.append((str(channel), time_s, counts))
    if not rows:
        return None
    legend(axes, [*handles, dot(INK, "contact")])
    axes.set_xlabel("time (s)")
    axes.set_ylabel("force, not calibrated")
    table = {
        "channel": np.concatenate([np.full(t.size, name) for name, t, _ in rows]),
        "time_s": np.concatenate([t for _, t, _ in rows]),
        "force_counts": np.concatenate([c for *_, c in rows]),
    }
    return Picture(
        "force",
        "Force and contacts, an excerpt",
        f"{EXCERPT_S:.0f} s from the middle of the longest part; each row on a scale of its own. "
        "The dots are the contacts that every figure rests on.",
        figure,
        table,
    )
