"""The look of every picture, and the parts that several of them share.

Colours are of Okabe & Ito (2008), which people with any colour vision tell apart; what matters
is never told by colour alone.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as MplPath

from andante.timebase import S_PER_MINUTE
from andante_host.report.view import View

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK, FAINT, BAND = "#222222", "#8a8a8a", "#eef2f5"
# At a phone's width, 358 px, these shrink to 0.85: 10 pt are then still 11 px high.
WIDE_IN = (4.4, 3.0)
SQUARE_IN = (4.0, 3.6)
# Where the axes lie, as left, bottom, width and height in shares of the figure. Fixed, since to
# work it out takes half as long again as the drawing.
WIDE_AXES = (0.2, 0.28, 0.785, 0.55)
TALL_AXES = (0.2, 0.28, 0.785, 0.63)  # without names of parts above
SQUARE_AXES = (0.2, 0.12, 0.6, 0.67)

_POINT_SIZES_PT = (1.5, 3.2)
_COMFORTABLE_POINTS = 300  # more than these are drawn smaller
_AXES_WIDTH_PT = 250.0
_LETTER_WIDTH_PT = 4.4  # of the 8 pt names above the picture
_NAME_ROWS = 2

Floats = npt.NDArray[np.float64]
Column = npt.NDArray[Any]
Dash = Literal["-", "--", ":"]


@dataclass(frozen=True)
class Picture:
    """A figure, what it is called, what to say below it, and the values it shows.

    `table`: columns, shape (n,) each, named with their units; what the figure shows, unrounded.
    """

    name: str
    title: str
    caption: str
    figure: Figure
    table: Mapping[str, Column]


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


def wide(names: bool = True) -> tuple[Figure, Axes]:
    """The usual picture, with room above for the `names` of parts."""
    figure = Figure(figsize=WIDE_IN)
    return figure, figure.add_axes(WIDE_AXES if names else TALL_AXES)


def points(axes: Axes, x: Floats, y: Floats, color: str, alpha: float = 0.75) -> None:
    """Round dots as one path: a fifth of the bytes that markers take in an SVG."""
    if not x.size:
        return
    crowd = np.sqrt(_COMFORTABLE_POINTS / x.size)
    size_pt = float(np.clip(_POINT_SIZES_PT[1] * crowd, *_POINT_SIZES_PT))
    ends = np.stack((np.column_stack((x, y)), np.column_stack((x + 1e-6, y))), axis=1)
    path = MplPath(ends.reshape(-1, 2), np.tile([MplPath.MOVETO, MplPath.LINETO], x.size))
    # An artist, no patch: the limits are set, and need not be searched for in every point.
    dots = PathPatch(
        path, edgecolor=color, linewidth=size_pt, capstyle="round", fill=False, alpha=alpha
    )
    axes.add_artist(dots)


def minutes(seconds: npt.ArrayLike) -> Floats:
    """Seconds as minutes, the same shape."""
    return np.asarray(seconds, dtype=np.float64) / S_PER_MINUTE


def rows_of(figure: Figure, axes: Axes, count: int, names: bool = True) -> None:
    """Make the usual picture as high as `count` rows take, with room for what they are called."""
    below_in, above_in = 0.85, 0.55 if names else 0.3
    height_in = below_in + above_in + 0.15 + 0.32 * count
    figure.set_size_inches(WIDE_IN[0], height_in)
    axes.set_position((0.21, below_in / height_in, 0.775, 1.0 - (below_in + above_in) / height_in))


def phase_bands(axes: Axes, view: View) -> None:
    """Every second part on a faint band; names above the plot as far as they have room."""
    parts = view.parts("gait")
    if not parts:
        return
    first_min = float(minutes(parts[0].start_s))
    last_min = max(float(minutes(parts[-1].end_s)), first_min + 1e-3)
    axes.set_xlim(first_min, last_min)
    letter_min = _LETTER_WIDTH_PT / _AXES_WIDTH_PT * (last_min - first_min)
    taken_until_min = [-np.inf] * _NAME_ROWS
    for number, part in enumerate(parts):
        start, end = minutes([part.start_s, part.end_s])
        if number % 2:
            axes.axvspan(start, end, color=BAND, linewidth=0)
        half_min = letter_min * len(part.name) / 2
        middle = (start + end) / 2
        for row in range(_NAME_ROWS):
            if middle - half_min > taken_until_min[row]:
                taken_until_min[row] = middle + half_min + letter_min
                axes.annotate(
                    part.name,
                    (middle, 1.0),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, 3 + 10 * row),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                    color="#555555",
                )
                break
    axes.set_xlabel("time (min)")


def dot(color: str, label: str) -> Line2D:
    """For a legend."""
    return Line2D([], [], linestyle="", marker="o", markersize=5, color=color, label=label)


def line(color: str, label: str) -> Line2D:
    """For a legend."""
    return Line2D([], [], color=color, linewidth=2, label=label)


def legend(axes: Axes, handles: Sequence[Line2D]) -> None:
    """Below the plot, where it covers nothing."""
    axes.legend(
        handles=list(handles),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.28),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        handletextpad=0.3,
        columnspacing=1.0,
    )


def asked_steps(view: View) -> tuple[Floats, Floats]:
    """The tempo asked for, as times in seconds and tempi a minute, shape (n,) each.

    Laid out as steps; NaN where there were no cues.
    """
    changes = view.blocks["session"]["tempo_changes"]
    if not changes:
        return np.empty(0), np.empty(0)
    parts = view.parts("gait")
    end_s = parts[-1].end_s if parts else changes[-1]["time_s"]
    starts_s = [change["time_s"] for change in changes]
    edges_s = np.array([*starts_s, max(end_s, starts_s[-1])])
    tempo = [change["tempo_per_minute"] or np.nan for change in changes]
    return np.repeat(edges_s, 2)[1:-1], np.repeat(np.array(tempo, dtype=np.float64), 2)
