"""Breath cues end to end, and what light has to look like while they last."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from andante.cues.shapes import glow_at
from andante.ports import Cue, CueKind
from andante.timebase import NS_PER_MS, NS_PER_S

Frames = Sequence[tuple[int, float]]
"""(time_ns, drive 0-1) of each frame that was shown."""

STEP = 1 / 64
PHASE_NS = 20 * NS_PER_MS


def breath_cues(
    start_ns: int,
    rate_brpm: float,
    inhale_share: float,
    breath_count: int,
    hold_share: float = 0.0,
    first_index: int = 0,
) -> list[Cue]:
    """`breath_count` breaths end to end; each of two holds takes `hold_share` of a breath."""
    breath_ns = round(60 * NS_PER_S / rate_brpm)
    moving = 1.0 - 2 * hold_share
    ends = np.cumsum([inhale_share * moving, hold_share, (1 - inhale_share) * moving, hold_share])
    kinds = (CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT)
    cues: list[Cue] = []
    for breath in range(breath_count):
        begin_ns = start_ns + breath * breath_ns
        edges_ns = [begin_ns, *(begin_ns + round(share * breath_ns) for share in ends)]
        for kind, (from_ns, to_ns) in zip(kinds, pairwise(edges_ns), strict=True):
            if to_ns > from_ns:
                index = first_index + len(cues)
                cues.append(Cue(index, from_ns, kind, duration_ns=to_ns - from_ns))
    return cues


def asked_for(cues: Sequence[Cue], time_ns: int) -> float:
    """The brightness that the newest cue of `cues` asks for at `time_ns`."""
    return glow_at(max((c for c in cues if c.planned_ns <= time_ns), key=cue_start), time_ns)


def cue_start(cue: Cue) -> int:
    return cue.planned_ns


def largest_step(frames: Frames) -> float:
    return max(abs(after[1] - before[1]) for before, after in pairwise(frames))


def longest_gap_ns(frames: Frames) -> int:
    return max(after[0] - before[0] for before, after in pairwise(frames))


def phase_error_ns(frames: Frames, cues: Sequence[Cue]) -> int:
    """How far what was shown lags behind what was asked for, by the best fit; ahead is negative.

    Shown and asked-for brightness are compared each millisecond, a frame holding until the next.
    """
    begin_ns, end_ns = cues[0].planned_ns, cues[-1].end_ns
    grid_ns = np.arange(begin_ns, end_ns, NS_PER_MS)
    times_ns = np.array([time_ns for time_ns, _ in frames])
    drives = np.array([drive for _, drive in frames])
    shown = drives[np.searchsorted(times_ns, grid_ns, side="right") - 1]
    margin_ns = 100 * NS_PER_MS
    wide_ns = np.arange(begin_ns - margin_ns, end_ns + margin_ns, NS_PER_MS)
    asked = np.array([asked_for(cues, max(begin_ns, int(t))) for t in wide_ns])
    lags_ms = range(-100, 101)
    misfits = [
        float(np.sum((shown - asked[100 - lag : 100 - lag + shown.size]) ** 2)) for lag in lags_ms
    ]
    return lags_ms[int(np.argmin(misfits))] * NS_PER_MS


def frames_off_course(frames: Frames, cues: Sequence[Cue], steps: int) -> list[tuple[int, float]]:
    """Frames that show what was not asked for at any time within 20 ms, to half a step."""
    off = []
    for time_ns, drive in frames:
        around = [
            asked_for(cues, max(cues[0].planned_ns, time_ns + shift_ns))
            for shift_ns in (-PHASE_NS, -PHASE_NS // 2, 0, PHASE_NS // 2, PHASE_NS)
        ]
        if not min(around) - 0.51 / steps <= drive <= max(around) + 0.51 / steps:
            off.append((time_ns, drive))
    return off
