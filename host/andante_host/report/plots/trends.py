"""Figures of many sessions over weeks, each part with its line and band."""

from collections.abc import Sequence

import numpy as np
from matplotlib.lines import Line2D

from andante_host.report.plots.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    VERMILION,
    Dash,
    Picture,
    legend,
    wide,
)
from andante_host.report.trend import DAYS_PER_WEEK, Measure, SessionPoint, line_through, series_of

_LOOKS: tuple[tuple[str, str, Dash], ...] = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", ":"),
)


def trend(measure: Measure, sessions: Sequence[SessionPoint], name: str) -> Picture | None:
    """One measure, a colour, mark and dash for each part; None where no session has it."""
    series = {part: series_of(sessions, measure.key, part) for part in measure.parts}
    series = {part: found for part, found in series.items() if found[0].size}
    if not series:
        return None
    figure, axes = wide(names=False)
    shown_line = False
    handles = []
    for (part, (day, value)), (color, mark, dash) in zip(series.items(), _LOOKS, strict=False):
        axes.plot(day / DAYS_PER_WEEK, value, mark, color=color, markersize=6, alpha=0.9)
        handles.append(Line2D([], [], color=color, marker=mark, linestyle=dash, label=part))
        fitted = line_through(day, value)
        if fitted is None:
            continue
        shown_line = True
        at = fitted.day / DAYS_PER_WEEK
        axes.plot(at, fitted.middle, dash, color=color, linewidth=1.6)
        axes.fill_between(at, fitted.low, fitted.high, color=color, alpha=0.15, lw=0)
    caption = measure.remark
    if shown_line:
        caption += " Lines with the 95 % band in which the mean lies."
    if measure.important is not None:
        first = float(next(iter(series.values()))[1][0])
        for change in (-measure.important.change, measure.important.change):
            axes.axhline(first + change, color=FAINT, linewidth=1.0, linestyle=(0, (1, 2)))
        caption += (
            " The dotted lines are one important change away from the first score: "
            f"{measure.important.source}."
        )
    if measure.unit == "0 to 10":
        axes.set_ylim(-0.5, 10.5)
    legend(axes, handles)
    axes.set_xlabel(f"weeks since {sessions[0].started:%Y-%m-%d}")
    axes.set_ylabel(measure.unit, color=INK)
    parts = [np.full(day.size, part) for part, (day, _) in series.items()]
    table = {
        "part": np.concatenate(parts),
        "day": np.concatenate([day for day, _ in series.values()]),
        measure.key: np.concatenate([value for _, value in series.values()]),
    }
    return Picture(name, measure.title, caption.strip(), figure, table)
