"""The pictures of docs/timing.md, from one run's results.

The look and the colours are the report's (Okabe & Ito 2008); every line has its own dash as well.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from andante_host.report.plots.style import BLUE, FAINT, GREEN, INK, VERMILION, style
from benchmarks.common import US_PER_MS, Floats, Result, finite, interval_s
from benchmarks.lines import Run, scene_name

_SIZE_IN = (8.0, 3.4)
_LEAST_US = 0.5  # what is drawn at the left end of a logarithmic axis
_QUANTILES = np.linspace(0.0, 100.0, 101)


def draw(results: list[Result], folder: Path) -> list[Path]:
    """Draw what there are results for; returns the files, each `timing-*.svg`."""
    run = Run(results)
    drawn: list[Path] = []
    pictures: dict[str, Callable[[Run], Figure | None]] = {
        "sound": sound_plot,
        "drift": drift_plot,
        "light": light_plot,
        "sync": sync_plot,
    }
    with style(), rc_context({"svg.hashsalt": "andante"}):
        for name, picture in pictures.items():
            figure = picture(run)
            if figure is not None:
                path = folder / f"timing-{name}.svg"
                # Without a date or random names the file changes only with its content.
                figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
                drawn.append(path)
    return drawn


def sound_plot(run: Run) -> Figure | None:
    """How far onsets lie from an even beat, as the share of onsets within a distance."""
    figure, panels = _two_panels()
    for axes, load in zip(panels, (False, True), strict=True):
        walk = run.get("cue_walk", load=load, real_time=True)
        if walk is None:
            return None
        error_us = _numbers(walk["series"]["sound_error_us"])
        _shares(axes, np.abs(error_us), BLUE, "-", "trainer")
        for rival, colour, dash, label in (
            ("sound_block", GREEN, "--", "click at buffer start"),
            ("sound_sleep", VERMILION, ":", "sleep loop, drift left out"),
        ):
            found = run.get(rival, load=load, real_time=True)
            if found is not None:
                off_us = _detrended(_numbers(found["series"]["off_plan_ms"]) * US_PER_MS)
                _shares(axes, np.abs(off_us), colour, dash, label)
        _limit(axes, 200.0, "limit")
        axes.set_title(scene_name(load))
        axes.set_xlabel("onset away from its time, µs")
    panels[0].set_ylabel("share of onsets, %")
    _legend(figure, panels[0])
    return figure


def light_plot(run: Run) -> Figure | None:
    """How late the LED's pin is, with and without rights."""
    figure, panels = _two_panels()
    for axes, load in zip(panels, (False, True), strict=True):
        for real_time, colour, dash in ((True, BLUE, "-"), (False, VERMILION, ":")):
            walk = run.get("cue_walk", load=load, real_time=real_time)
            if walk is None:
                return None
            late_us = np.abs(_numbers(walk["series"]["light_error_us"]))
            label = "real-time rights" if real_time else "without"
            _shares(axes, late_us, colour, dash, label)
        _limit(axes, 1_000.0 if load else 300.0, "limit for p99")
        axes.set_title(scene_name(load))
        axes.set_xlabel("pin after its time, µs")
    panels[0].set_ylabel("share of flashes, %")
    _legend(figure, panels[0])
    return figure


def drift_plot(run: Run) -> Figure | None:
    """What adds up: the error of each flash and click over the minutes."""
    figure, panels = _two_panels()
    for axes, load in zip(panels, (False, True), strict=True):
        walk = run.get("cue_walk", load=load, real_time=True)
        if walk is None:
            return None
        series = walk["series"]
        at_min = np.array(series["at_s"]) / 60
        light_ms = np.array(series["light_error_us"], dtype=np.float64) / US_PER_MS
        axes.plot(at_min, light_ms, color=BLUE, label="trainer, LED")
        for rival, colour, dash, label in (
            ("light_blink", VERMILION, ":", "gpiozero blink"),
            ("sound_sleep", GREEN, "--", "sleep loop, sound"),
        ):
            found = run.get(rival, load=load, real_time=True)
            if found is not None:
                behind_ms = _numbers(found["series"]["off_plan_ms"])
                minutes = np.arange(behind_ms.size) * interval_s() / 60
                axes.plot(minutes, behind_ms, color=colour, linestyle=dash, label=label)
        axes.set_title(scene_name(load))
        axes.set_xlabel("minutes")
    panels[0].set_ylabel("behind the beat, ms")
    _legend(figure, panels[0])
    return figure


def sync_plot(run: Run) -> Figure | None:
    """Clock sync on the simulated link."""
    found = run.get("clock_sync")
    if found is None:
        return None
    figure = Figure(figsize=(_SIZE_IN[0] / 1.6, _SIZE_IN[1]), layout="constrained")
    axes = figure.subplots()
    quantiles_us = found["series"]["abs_error_quantiles_us"]
    for name, colour, dash, label in (
        ("ours_in_the_file", BLUE, "-", "trainer, in the file"),
        ("ours_live", BLUE, "--", "trainer, live"),
        ("lsl", GREEN, "-.", "LSL's way"),
        ("klipper", VERMILION, ":", "Klipper's way"),
    ):
        values_us = np.maximum(_numbers(quantiles_us[name]), _LEAST_US)
        shares = np.linspace(0.0, 100.0, values_us.size)
        axes.plot(values_us, shares, color=colour, linestyle=dash, label=label)
    axes.set_xscale("log")
    _limit(axes, 100.0, "limit")
    axes.set_xlabel("error of an event's time, µs")
    axes.set_ylabel("share of events, %")
    _legend(figure, axes, columns=2)
    return figure


def _two_panels() -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=_SIZE_IN, layout="constrained")
    return figure, list(figure.subplots(1, 2, sharey=True))


def _legend(figure: Figure, axes: Axes, columns: int = 3) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)


def _shares(axes: Axes, size_us: Floats, colour: str, dash: str, label: str) -> None:
    values_us = np.maximum(np.percentile(size_us, _QUANTILES), _LEAST_US)
    axes.plot(values_us, _QUANTILES, color=colour, linestyle=dash, label=label)
    axes.set_xscale("log")


def _limit(axes: Axes, at_us: float, label: str) -> None:
    axes.axvline(at_us, color=FAINT, linewidth=0.8)
    axes.text(at_us, 50, label, color=INK, fontsize=8, rotation=90, ha="right", va="center")


def _numbers(values: list[float | None]) -> Floats:
    return finite(np.array(values, dtype=np.float64))


def _detrended(off_us: Floats) -> Floats:
    beats = np.arange(off_us.size)
    return np.asarray(off_us - np.polyval(np.polyfit(beats, off_us, 1), beats))
