"""Breaths out of a belt that rises on inhalation: when each inhalation and exhalation began.

1. A zero-phase high-pass at 0.02 Hz takes the belt's drift away; at 4.5 breaths/min it still
   lets everything through (a higher corner loses slow breaths).
2. Between two zero crossings lies one extremum: a trough below zero, a peak above.
3. Of two neighbours that lie closer than 0.3 of the median vertical difference both go, the
   smallest difference first, so that troughs and peaks go on alternating.
4. A trough is where an inhalation began, a peak where an exhalation did. The extremum is looked
   for in the belt smoothed over about 0.1 s (a Gaussian of SD 50 ms), not in the filtered one.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

Floats = npt.NDArray[np.float64]

_HIGH_PASS_HZ = 0.02
_HIGH_PASS_ORDER = 2
_SMOOTHING_S = 0.05
_SMALLEST_SHARE = 0.3
_LONGEST_BRIDGED_S = 0.5  # a hole this short cannot hide a breath
_SHORTEST_RUN_S = 4.0


@dataclass(frozen=True)
class Breaths:
    """Starts of inhalation and of exhalation in seconds; shape (n,) and (m,), rising."""

    inhales_s: Floats
    exhales_s: Floats


def detect_breaths(time_s: Floats, belt: Floats) -> Breaths:
    """Breaths of a belt signal in any unit.

    `time_s`, `belt`: shape (n,), n >= 2, times rising, NaN for a gap. A gap of up to 0.5 s is
    bridged by a straight line; on either side of a longer one breaths are looked for apart.
    """
    known = np.flatnonzero(np.isfinite(belt))
    if known.size < 2:
        return Breaths(np.zeros(0), np.zeros(0))
    period_s = float(np.median(np.diff(time_s)))
    longest_s = max(_LONGEST_BRIDGED_S, 1.5 * period_s)
    ends = np.flatnonzero(np.diff(time_s[known]) > longest_s) + 1
    inhales: list[Floats] = []
    exhales: list[Floats] = []
    for run in np.split(known, ends):
        duration_s = float(time_s[run[-1]] - time_s[run[0]])
        if duration_s < _SHORTEST_RUN_S:
            continue
        grid_s = time_s[run[0]] + np.arange(int(duration_s / period_s + 1e-6) + 1) * period_s
        even = np.interp(grid_s, time_s[run], belt[run])
        troughs, peaks = _extrema(even, 1.0 / period_s)
        inhales.append(grid_s[troughs])
        exhales.append(grid_s[peaks])
    return Breaths(np.concatenate([[], *inhales]), np.concatenate([[], *exhales]))


def _extrema(belt: Floats, rate_hz: float) -> tuple[list[int], list[int]]:
    """Indices of troughs and peaks of an evenly sampled belt."""
    sections = signal.butter(_HIGH_PASS_ORDER, _HIGH_PASS_HZ, "highpass", fs=rate_hz, output="sos")
    smooth = ndimage.gaussian_filter1d(belt, _SMOOTHING_S * rate_hz)
    level = np.asarray(signal.sosfiltfilt(sections, smooth - smooth.mean()))
    above = level > 0
    bounds = [0, *(np.flatnonzero(np.diff(above)) + 1).tolist(), belt.size]
    # Within the smoothing of either end of the signal there may be no extremum at all.
    margin = round(3 * _SMOOTHING_S * rate_hz)
    places: list[int] = []
    for start, stop in pairwise(bounds):
        part = smooth[start:stop]
        place = start + int(np.argmax(part) if above[start] else np.argmin(part))
        if margin < place < belt.size - 1 - margin:
            places.append(place)
    heights = smooth[places].tolist()
    is_peak = above[places].tolist()
    _drop_small(places, heights, is_peak)
    troughs = [place for place, peak in zip(places, is_peak, strict=True) if not peak]
    peaks = [place for place, peak in zip(places, is_peak, strict=True) if peak]
    return troughs, peaks


def _drop_small(places: list[int], heights: list[float], is_peak: list[bool]) -> None:
    """Take out neighbours that are too close in height, the closest first."""
    if len(heights) < 2:
        return
    smallest = _SMALLEST_SHARE * float(np.median(np.abs(np.diff(heights))))
    while len(heights) >= 2:
        steps = np.abs(np.diff(heights))
        at = int(np.argmin(steps))
        if steps[at] >= smallest:
            return
        # At an end the neighbour that the inside still needs stays.
        gone = slice(at, at + 2)
        if at == 0:
            gone = slice(0, 1)
        elif at == len(heights) - 2:
            gone = slice(at + 1, at + 2)
        del places[gone], heights[gone], is_peak[gone]
