"""Breathing beside its pacer: a stretch of belt, and when each breath began."""

import numpy as np

from andante.ports import CueKind
from andante.timebase import NS_PER_S
from andante_host.metrics.matching import UNMATCHED, match
from andante_host.report.plots.style import (
    BLUE,
    GREEN,
    INK,
    VERMILION,
    Floats,
    Picture,
    dot,
    legend,
    line,
    minutes,
    phase_bands,
    points,
    wide,
)
from andante_host.report.view import Breathing, View

EXCERPT_S = 60.0
_SHOWN_HZ = 10.0


def belt(view: View) -> Picture | None:
    """A minute of belt from the middle of the paced part, with the pacer's breath behind it.

    None without a belt.
    """
    breathing = view.breathing
    if breathing is None or not breathing.belt:
        return None
    start_s, end_s = _excerpt_s(view, breathing)
    time_s, counts = _counts_between(breathing, start_s, end_s)
    if not time_s.size:
        return None
    low, high = float(counts.min()), float(counts.max())
    margin = 0.08 * max(high - low, 1.0)
    figure, axes = wide(names=False)
    axes.set_xlim(start_s, end_s)
    axes.set_ylim(low - margin, high + margin)
    handles = [line(BLUE, "belt")]
    pacer_share = np.full(time_s.size, np.nan)
    if view.pacer is not None and view.scored:
        pacer_share = view.pacer.level_at(time_s)
        axes.fill_between(
            time_s, low - margin, low + pacer_share * (high - low), color=GREEN, alpha=0.25, lw=0
        )
        handles.append(line("#99d8c7", "pacer"))
    axes.plot(time_s, counts, color=BLUE, linewidth=1.6)
    onsets_s = breathing.inhales_s
    onsets_s = onsets_s[(onsets_s >= time_s[0]) & (onsets_s <= time_s[-1])]
    axes.plot(
        onsets_s, np.interp(onsets_s, time_s, counts), linestyle="", marker="o", color=VERMILION
    )
    handles.append(dot(VERMILION, "inhale begins"))
    legend(axes, handles)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("belt (counts)")
    caption = (
        f"{end_s - start_s:.0f} s from the middle of the session; up is breathing in. The belt "
        "is not calibrated: its height tells more or less, not litres."
    )
    table = {"time_s": time_s, "belt_counts": counts, "pacer_share": pacer_share}
    return Picture("belt", "Breathing, an excerpt", caption, figure, table)


def onsets(view: View) -> Picture | None:
    """How early or late each inhalation began; None without a pacer or without breaths."""
    if view.pacer is None or view.breathing is None:
        return None
    cue_s = view.pacer.free_onsets_s(CueKind.INHALE)
    own_s = view.breathing.inhales_s
    if cue_s.size < 2 or not own_s.size:
        return None
    cue_ns, own_ns = (np.rint(t * NS_PER_S).astype(np.int64) for t in (cue_s, own_s))
    found = match(cue_ns, own_ns, np.full(own_ns.size, "belt"))
    paired = np.flatnonzero(found.response_of_cue != UNMATCHED)
    if not paired.size:
        return None
    late_s = own_s[found.response_of_cue[paired]] - cue_s[paired]
    figure, axes = wide()
    limit_s = 1.15 * max(float(np.abs(late_s).max()), 0.5)
    axes.set_ylim(-limit_s, limit_s)
    phase_bands(axes, view)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    points(axes, minutes(cue_s[paired]), late_s, BLUE)
    axes.set_ylabel("start of inhale (s)\nearly  ←   → late")
    missed = int(cue_s.size - paired.size)
    caption = "Each dot is one breath: when it began, against the pacer's inhale"
    caption += f"; {missed} of the pacer's breaths were not met." if missed else "."
    if not view.blocks["timing"]["latency_calibrated"]:
        caption += " What the outputs' latency adds, some hundredths of a second, is not known."
    table = {"pacer_inhale_s": cue_s[paired], "onset_asynchrony_s": late_s}
    return Picture("onsets", "Breaths, early or late", caption, figure, table)


def _excerpt_s(view: View, breathing: Breathing) -> tuple[float, float]:
    """A minute round the middle of the pacing, or of the belt where there was none."""
    if view.pacer is not None:
        spans = view.pacer.stretches()
        start_s, end_s = max(spans, key=lambda span: span[1] - span[0])
    else:
        run = max(breathing.belt, key=lambda run: run.counts.size)
        start_s, end_s = run.start_s, run.start_s + run.counts.size * run.period_s
    middle_s = (start_s + end_s) / 2
    return max(start_s, middle_s - EXCERPT_S / 2), min(end_s, middle_s + EXCERPT_S / 2)


def _counts_between(breathing: Breathing, start_s: float, end_s: float) -> tuple[Floats, Floats]:
    """About ten samples a second of the belt in [start_s, end_s), shape (n,) each; NaN in gaps."""
    time_s: list[Floats] = []
    counts: list[Floats] = []
    for run in breathing.belt:
        every = max(1, round(1.0 / (_SHOWN_HZ * run.period_s)))
        at = np.arange(0, run.counts.size, every, dtype=np.float64)
        run_s: Floats = run.start_s + at * run.period_s
        inside = (run_s >= start_s) & (run_s < end_s)
        time_s.append(run_s[inside])
        counts.append(run.counts[::every][inside])
    return np.concatenate(time_s), np.concatenate(counts)
