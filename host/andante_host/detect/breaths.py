"""Breaths out of a belt that rises on inhalation: when each inhalation and exhalation began.

1. The belt, smoothed over about 0.1 s, passes a zero-phase high-pass at 0.02 Hz, which takes
   slow drift away and at 4.5 breaths/min still lets everything through.
2. Between two zero crossings lies one extremum: a trough below zero, a peak above. The median
   vertical difference of neighbours is how deep a breath usually is, twice the median time
   between crossings how long it takes.
3. What is five times slower than the breathing is drift as well: the belt is filtered anew at a
   fifth of the breathing rate, within 0.02-0.05 Hz.
4. A turning point counts where the belt moved by at least 0.3 of the usual depth before and
   after it; so breaths that do not cross zero are found, and small ones are left out. At either
   end of the signal, where half a breath is missing, 0.03 is enough on the outer side.
5. A trough is where an inhalation began, a peak where an exhalation did; they alternate. Its
   place is the extremum of the smoothed belt near the turning point, within a tenth of the way
   to the next one, since a filter moves the corner of a breath that is not a sine.

The high-pass and the share of 0.3 are those of Khodadad et al., Physiol Meas 39:094001 (2018);
the lower corner, turning points instead of zero crossings, and the ends are ours. A breath that
is held has no turning point of its own: the trough or peak then lies somewhere in the hold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from andante_host.detect.runs import even_runs
from andante_host.metrics.middle import median

Floats = npt.NDArray[np.float64]

_HIGH_PASS_HZ = (0.02, 0.05)
_DRIFT_SHARE = 0.2  # of the breathing rate
_HIGH_PASS_ORDER = 2
_MIRRORED_S = 60.0  # beyond either end, so that the filter has settled there
_SMOOTHING_S = 0.05
_TURNS_EVERY_S = 0.05  # often enough for what the smoothing has left
_SMALLEST_SHARE = 0.3
_END_SHARE = 0.03
_CORNER_SHARE = 0.1
_SHORTEST_BREATH_S = 1.0
_LONGEST_BRIDGED_S = 0.5  # a hole this short cannot hide a breath
_SHORTEST_RUN_S = 4.0
_FEWEST_SAMPLES = 16  # what the filter needs
_SLOWEST_SAMPLING_S = 0.5


@dataclass(frozen=True)
class Breaths:
    """Starts of inhalation and of exhalation in seconds; shape (n,) and (m,), rising."""

    inhales_s: Floats
    exhales_s: Floats


def detect_breaths(time_s: Floats, belt: Floats) -> Breaths:
    """Breaths of a belt signal in any unit.

    `time_s`, `belt`: shape (n,), n >= 2, times rising, NaN for a gap. A gap of up to 0.5 s is
    bridged by a straight line; on either side of a longer one breaths are looked for apart, and
    stretches under 4 s are left out. Without breaths, where the belt swings faster than 60 times a
    minute (noise), or with less than two samples a second, both arrays are empty.
    """
    period_s, stretches = belt_runs(time_s, belt)
    if period_s > _SLOWEST_SAMPLING_S:
        return Breaths(np.zeros(0), np.zeros(0))
    runs = [
        _Run(start_s, ndimage.gaussian_filter1d(even, _SMOOTHING_S / period_s))
        for start_s, even in stretches
        if even.size >= _FEWEST_SAMPLES
    ]
    every = max(int(_TURNS_EVERY_S / period_s), 1)
    sparse_s = every * period_s
    levels = [_high_passed(run.smooth[::every], sparse_s, _HIGH_PASS_HZ[0]) for run in runs]
    usual = _usual_breath(levels, sparse_s)
    if usual is None:
        return Breaths(np.zeros(0), np.zeros(0))
    depth, cycle_s = usual
    corner_hz = float(np.clip(_DRIFT_SHARE / cycle_s, *_HIGH_PASS_HZ))
    inhales: list[Floats] = []
    exhales: list[Floats] = []
    for run in runs:
        level = _high_passed(run.smooth[::every], sparse_s, corner_hz)
        troughs, peaks = ([at * every for at in places] for places in _turns(level, depth))
        inhales.append(run.start_s + period_s * _sharpened(-run.smooth, troughs, peaks))
        exhales.append(run.start_s + period_s * _sharpened(run.smooth, peaks, troughs))
    return Breaths(np.concatenate(inhales), np.concatenate(exhales))


def belt_runs(time_s: Floats, belt: Floats) -> tuple[float, list[tuple[float, Floats]]]:
    """The belt as `even_runs`, cut at the gaps at which breaths are looked for apart."""
    return even_runs(time_s, belt, _LONGEST_BRIDGED_S, _SHORTEST_RUN_S)


@dataclass(frozen=True)
class _Run:
    """A stretch without a gap: the smoothed belt at an even rate."""

    start_s: float
    smooth: Floats


def _high_passed(smooth: Floats, period_s: float, corner_hz: float) -> Floats:
    sections = signal.butter(
        _HIGH_PASS_ORDER, corner_hz, "highpass", fs=1.0 / period_s, output="sos"
    )
    level = smooth - smooth.mean()
    pad = min(round(_MIRRORED_S / period_s), level.size - 1)
    return np.asarray(signal.sosfiltfilt(sections, level, padtype="even", padlen=pad))


def _usual_breath(levels: list[Floats], period_s: float) -> tuple[float, float] | None:
    """Median depth of a breath and its usual length in seconds; None where nothing breathes."""
    depths: list[Floats] = []
    halves_s: list[Floats] = []
    for level in levels:
        above = level > 0
        crossings = np.flatnonzero(above[1:] != above[:-1]) + 1
        if not crossings.size:
            continue
        starts = np.concatenate(([0], crossings))
        high, low = np.maximum.reduceat(level, starts), np.minimum.reduceat(level, starts)
        depths.append(np.abs(np.diff(np.where(above[starts], high, low))))
        halves_s.append(np.diff(crossings) * period_s)
    if not depths or not (half_s := np.concatenate(halves_s)).size:
        return None
    depth, cycle_s = median(np.concatenate(depths)), 2.0 * median(half_s)
    return (depth, cycle_s) if depth > 0.0 and cycle_s >= _SHORTEST_BREATH_S else None


def _turns(level: Floats, depth: float) -> tuple[list[int], list[int]]:
    """Indices of troughs and peaks between which the level moves by 0.3 of `depth` or more."""
    smallest, at_end = _SMALLEST_SHARE * depth, _END_SHARE * depth
    moving = np.flatnonzero(np.diff(level))
    rising = level[moving + 1] > level[moving]
    # Where the direction changes: the turning points, in order, troughs and peaks in turn.
    places = moving[1:][rising[1:] != rising[:-1]].tolist()
    first, last = float(level[0]), float(level[-1])
    turns: tuple[list[int], list[int]] = ([], [])
    lowest = highest = first
    low_at = high_at = -1
    upward: bool | None = None
    for place, value in zip(places, level[places].tolist(), strict=True):
        if value < lowest:
            lowest, low_at = value, place
        if value > highest:
            highest, high_at = value, place
        if upward is not True and value - lowest >= smallest:
            if low_at >= 0 and (upward is False or first - lowest >= at_end):
                turns[0].append(low_at)
            upward, highest, high_at = True, value, place
        elif upward is not False and highest - value >= smallest:
            if high_at >= 0 and (upward is True or highest - first >= at_end):
                turns[1].append(high_at)
            upward, lowest, low_at = False, value, place
    if upward is False and last - lowest >= at_end:
        turns[0].append(low_at)
    if upward is True and highest - last >= at_end:
        turns[1].append(high_at)
    return turns


def _sharpened(smooth: Floats, places: list[int], others: list[int]) -> Floats:
    """The highest sample near each place; the place itself where that is no top.

    `others`: the turning points of the other kind; near is a tenth of the way to the next of them.
    """
    sharp = []
    far = smooth.size
    bounds = np.array([-far, *others, 2 * far])
    after = np.searchsorted(bounds, places)
    for place, before, beyond in zip(places, bounds[after - 1], bounds[after], strict=True):
        reach = round(_CORNER_SHARE * min(place - before, beyond - place, far))
        part = smooth[max(place - reach, 0) : place + reach + 1]
        top = int(part.argmax())
        sharp.append(max(place - reach, 0) + top if 0 < top < part.size - 1 else place)
    return np.array(sharp, dtype=np.float64)
