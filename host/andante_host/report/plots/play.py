"""What was played: every tap and every note, and how close together people were."""

import numpy as np

from andante.ports import TAP_CHANNELS, CueKind, Edge
from andante_host.report.plots.style import (
    BLUE,
    GREEN,
    VERMILION,
    Picture,
    dot,
    legend,
    minutes,
    phase_bands,
    points,
    rows_of,
    wide,
)
from andante_host.report.view import View


def played(view: View) -> Picture | None:
    """Taps of each pad and the device's notes over the session; None where nobody tapped."""
    data = view.analysis.data
    taps_s = {
        f"pad {number}": view.since_start_s(data.responses.times_ns(pad, Edge.ON))
        for number, pad in enumerate(TAP_CHANNELS, 1)
    }
    taps_s = {name: times_s for name, times_s in taps_s.items() if times_s.size}
    if not taps_s:
        return None
    notes_s = view.since_start_s(data.cues.planned_ns[data.cues.kind == CueKind.NOTE])
    rows = {**taps_s, **({"device" if notes_s.size else "": notes_s} if notes_s.size else {})}
    figure, axes = wide()
    rows_of(figure, axes, len(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    phase_bands(axes, view)
    for row, (name, times_s) in enumerate(rows.items()):
        # A little apart by turns, so that close notes stay visible.
        height = row + 0.12 * np.sin(np.arange(times_s.size) * 2.4)
        points(axes, minutes(times_s), height, GREEN if name == "device" else BLUE)
    axes.set_yticks(range(len(rows)), labels=list(rows))
    return Picture(
        "played",
        "What was played",
        "Each dot is one note, from left to right as time went by.",
        figure,
        {
            "who": np.concatenate([np.full(t.size, name) for name, t in rows.items()]),
            "time_s": np.concatenate(list(rows.values())),
        },
    )


def together(view: View) -> Picture | None:
    """How close together the people were in each part; None where fewer than two played."""
    if not view.together:
        return None
    parts = [part for part in view.parts("group") if part.figures.get("order_mean") is not None]
    if not parts:
        return None
    figure, axes = wide()
    axes.set_ylim(0.0, 1.05)
    phase_bands(axes, view)
    for part in parts:
        start, end = minutes([part.start_s, part.end_s])
        mean, sd = part.figures["order_mean"], part.figures["order_sd"]
        color = VERMILION if part.name == "mute" else BLUE
        axes.fill_between(
            [start, end], mean - sd, min(mean + sd, 1.0), color=color, alpha=0.2, lw=0
        )
        axes.plot([start, end], [mean, mean], color=color, linewidth=2.5)
    legend(axes, [dot(BLUE, "with the beat"), dot(VERMILION, "without it")])
    axes.set_ylabel("together (1: all at once)")
    return Picture(
        "together",
        "How close together",
        "The mean over each part, and one standard deviation to either side. 1 is all at the same "
        "moment of the beat, 0 evenly spread over it.",
        figure,
        {
            "part": np.array([part.name for part in parts]),
            "start_s": np.array([part.start_s for part in parts]),
            "end_s": np.array([part.end_s for part in parts]),
            "order_mean": np.array([part.figures["order_mean"] for part in parts]),
            "order_sd": np.array([part.figures["order_sd"] for part in parts]),
        },
    )
