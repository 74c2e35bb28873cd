"""How far each output's cues fell from their planned times."""

import numpy as np

from andante_host.report.plots.style import BLUE, FAINT, INK, Picture, rows_of, wide
from andante_host.report.view import View

_PARTS = (
    ("cue_error_p50_us", "median", "o"),
    ("cue_error_p99_us", "99 % below", "D"),
    ("cue_error_max_us", "largest", "s"),
)
_LEAST_US = 1.0


def timing(view: View) -> Picture | None:
    """Median, 99th percentile and largest error of each output; None where none is known."""
    outputs = {
        name: output
        for name, output in view.blocks["timing"]["outputs"].items()
        if output["cue_error_p50_us"] is not None
    }
    if not outputs:
        return None
    figure, axes = wide()
    rows_of(figure, axes, len(outputs), names=False)
    names = [f"{name}\n(simulated)" if o["simulated"] else name for name, o in outputs.items()]
    for row, output in enumerate(outputs.values()):
        errors_us = np.maximum([output[key] for key, *_ in _PARTS], _LEAST_US)
        axes.plot(errors_us[[0, -1]], [row, row], color=FAINT, linewidth=1.5)
        for error_us, (_, label, marker) in zip(errors_us, _PARTS, strict=True):
            axes.plot(
                error_us, row, marker, color=BLUE, label=label if row == 0 else None, markersize=6
            )
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xlim(_LEAST_US * 0.8, 100_000)
    axes.set_xticks([1, 100, 10_000], labels=["0.001", "0.1", "10"])
    axes.axvline(10_000, color=INK, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(outputs)), labels=names)
    axes.set_ylim(len(outputs) - 0.5, -0.5)
    axes.set_xlabel("distance of a cue from its planned time (ms)")
    figure.legend(loc="lower center", ncols=3, frameon=False, fontsize=9)
    return Picture(
        "timing",
        "How well the device kept its own times",
        "Errors without sign, each tick ten times the one before or more; the dotted line is "
        "10 ms. What lies between an output's report and the patient's ear or eye is not in it.",
        figure,
        {
            "output": np.array(list(outputs)),
            **{key: np.array([o[key] for o in outputs.values()]) for key, *_ in _PARTS},
        },
    )
