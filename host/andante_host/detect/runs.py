"""Signals cut where they have gaps, on an even grid of times. Pure."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def even_runs(
    time_s: Floats, values: Floats, longest_bridged_s: float, shortest_run_s: float
) -> tuple[float, list[tuple[float, Floats]]]:
    """The sample period, and every stretch without a gap as its start and its even samples.

    `time_s`, `values`: shape (n,), n >= 2, times rising, NaN for a gap. Gaps of up to
    `longest_bridged_s` are bridged by a straight line; stretches under `shortest_run_s` are left
    out, so there may be none. The period is the median difference of the times.
    """
    period_s = float(np.median(np.diff(time_s)))
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2:
        return period_s, []
    longest_s = max(longest_bridged_s, 1.5 * period_s)
    ends = np.flatnonzero(np.diff(time_s[known]) > longest_s) + 1
    runs = []
    for run in np.split(known, ends):
        start_s, duration_s = float(time_s[run[0]]), float(time_s[run[-1]] - time_s[run[0]])
        if duration_s >= shortest_run_s:
            grid_s = start_s + np.arange(int(duration_s / period_s + 1e-6) + 1) * period_s
            runs.append((start_s, np.interp(grid_s, time_s[run], values[run])))
    return period_s, runs
