"""Taps out of a pad's force: when each began.

1. What counts is how far the force has grown within 60 ms, so that a drifting pad, or a hand that
   rests on it, does not.
2. How strong a tap is: the largest growth in the 10 s around, and never less than a fifth of the
   largest of the whole recording or 12 times the usual growth: the median, which is noise or
   drift, since a pad is untouched most of the time.
3. A tap begins where growth passes a quarter of that and is over below an eighth. It is placed
   where it rose from: the last sample that had grown by less than 5 % of its peak, or less than
   twice the usual.
4. A tap within 80 ms of the one before is a bounce (pads bounce after about 50 ms) and is left out.

A pad whose largest growth is below 6 times the usual has no taps. Pure but for scipy.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from andante_host.detect.runs import even_runs
from andante_host.metrics.middle import median

Floats = npt.NDArray[np.float64]

_GROWTH_S = 0.06
_STRENGTH_WINDOW_S = 10.0
_ON_SHARE, _OFF_SHARE, _ONSET_SHARE = 0.25, 0.125, 0.05
_LARGEST_SHARE, _LEAST_TO_USUAL, _TOUCHED_TO_USUAL, _ONSET_TO_USUAL = 0.2, 12.0, 6.0, 2.0
_REFRACTORY_S = 0.08
_LONGEST_BRIDGED_S, _SHORTEST_RUN_S = 0.02, 1.0


def detect_taps(time_s: Floats, force: Floats) -> Floats:
    """Starts of taps in seconds, shape (k,), rising; empty where there are none.

    `time_s`, `force`: shape (n,), n >= 2, times rising, any unit that rises with force, NaN for a
    gap. In a gap of more than 20 ms nothing is found.
    """
    period_s, runs = even_runs(time_s, force, _LONGEST_BRIDGED_S, _SHORTEST_RUN_S)
    grown = [(start_s, _growth(values, period_s)) for start_s, values in runs]
    if not grown:
        return np.zeros(0)
    largest = max(float(growth.max()) for _, growth in grown)
    usual = median(np.concatenate([growth for _, growth in grown]))
    if largest <= _TOUCHED_TO_USUAL * usual:
        return np.zeros(0)
    least = max(_LEAST_TO_USUAL * usual, _LARGEST_SHARE * largest)
    return np.concatenate(
        [start_s + period_s * _onsets(growth, least, usual, period_s) for start_s, growth in grown]
    )


def _growth(values: Floats, period_s: float) -> Floats:
    """How far each sample is above the lowest of the 60 ms up to it, shape (n,)."""
    half = max(round(_GROWTH_S / period_s / 2), 1)
    lowest = ndimage.minimum_filter1d(values, 2 * half + 1, mode="nearest", origin=half)
    growth: Floats = values - lowest
    return growth


def _onsets(growth: Floats, least: float, usual: float, period_s: float) -> Floats:
    size = min(max(round(_STRENGTH_WINDOW_S / period_s), 1), growth.size)
    strength = np.maximum(ndimage.maximum_filter1d(growth, size, mode="nearest"), least)
    above = np.flatnonzero(growth > _ON_SHARE * strength)
    below = np.flatnonzero(growth < _OFF_SHARE * strength)
    onsets: list[int] = []
    now = 0
    while (place := int(np.searchsorted(above, now))) < above.size:
        crossed = int(above[place])
        ended = int(np.searchsorted(below, crossed))
        after = int(below[ended]) if ended < below.size else growth.size
        peak = float(growth[crossed:after].max())
        quiet = growth[now:crossed] < max(_ONSET_SHARE * peak, _ONSET_TO_USUAL * usual)
        onset = now + int(np.flatnonzero(quiet)[-1]) if quiet.any() else crossed
        if not onsets or (onset - onsets[-1]) * period_s >= _REFRACTORY_S:
            onsets.append(onset)
        now = after
    return np.array(onsets, dtype=np.float64)
