"""Which response belongs to which cue: the rule "mutual-nearest/1".

Of all cues in their places in time, given or silent:

1. a response closer than the refractory time to the last one on its channel is a double trigger;
2. a pair is possible where |response − cue| is less than half the local inter-cue interval;
3. it is kept where the cue is the nearest one of the response and the response, double triggers
   aside, the nearest one of the cue.

On a public set of paced taps (SMDynamicsLab/Context2024) the rule gives the authors' own
asynchronies; `tests/validation/test_context2024.py` holds it to that.

Pure; numpy only.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.timebase import NS_PER_MS
from andante_host.metrics.middle import median

MATCHING = "mutual-nearest/1"
UNMATCHED = -1

REFRACTORY_SHARE = 0.4
MIN_REFRACTORY_NS = 80 * NS_PER_MS
ISOCHRONOUS_TOLERANCE = 0.02
ISOCHRONOUS_SHARE = 0.9
_NEIGHBOURS = 4  # intervals on each side of a cue that make its local interval

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Matches:
    """What belongs to what, for n cues and m responses as they were passed in.

    `response_of_cue`, shape (n,): position of the response, or UNMATCHED.
    `nearest_cue`, shape (m,): position of the cue nearest to each response.
    `double_trigger`, shape (m,): true where the response is a bounce of the one before.
    `interval_ns`, shape (n,): the local inter-cue interval.
    """

    response_of_cue: Int64s
    nearest_cue: Int64s
    double_trigger: Bools
    interval_ns: Floats


def local_intervals_ns(cue_ns: Int64s) -> Floats:
    """The inter-cue interval around each cue, shape (n,); `cue_ns` rising, shape (n,), n >= 2.

    For isochronous cues (nine of ten intervals within 2 % of the median) the session's median,
    otherwise the median of the four intervals before and the four after. Medians, so that a
    pause or a single shifted cue does not count. Raises ValueError for fewer than two cues.
    """
    if cue_ns.size < 2:
        raise ValueError("an interval needs at least two cues")
    intervals_ns = np.diff(cue_ns).astype(np.float64)
    median_ns = median(intervals_ns)
    near = np.abs(intervals_ns - median_ns) <= ISOCHRONOUS_TOLERANCE * median_ns
    if near.mean() >= ISOCHRONOUS_SHARE:
        return np.full(cue_ns.size, median_ns)
    # NaN stands for the intervals that the first and last cues do not have.
    padded_ns = np.pad(intervals_ns, _NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded_ns, 2 * _NEIGHBOURS)
    local_ns: Floats = np.nanmedian(windows, axis=1)
    return local_ns


def nearest_positions(sorted_ns: Int64s, times_ns: Int64s) -> Int64s:
    """Position in `sorted_ns`, shape (n,), n >= 1, of the entry nearest to each of `times_ns`.

    Shape (m,); the earlier one where two are as near.
    """
    after = np.searchsorted(sorted_ns, times_ns)
    before = np.maximum(after - 1, 0)
    after = np.minimum(after, sorted_ns.size - 1)
    earlier_is_nearer = times_ns - sorted_ns[before] <= sorted_ns[after] - times_ns
    nearest: Int64s = np.where(earlier_is_nearer, before, after)
    return nearest


def refractory_ns(interval_ns: Floats) -> Floats:
    """How soon after a response another is a double trigger: 40 % of the interval, 80 ms at least.

    `interval_ns`: the local interval between cues or, without cues, between responses; any shape.
    """
    return np.maximum(REFRACTORY_SHARE * interval_ns, MIN_REFRACTORY_NS)


def double_triggers(
    response_ns: Int64s, shortest_ns: Floats, channel: npt.NDArray[np.str_]
) -> Bools:
    """Which responses, shape (m,) in order of time, are bounces of one before on their channel.

    `shortest_ns`, shape (m,): the refractory time at each response. A bounce does not start a new
    one, so that fast tapping is thinned, not silenced.
    """
    double = np.zeros(response_ns.size, dtype=np.bool_)
    for name in np.unique(channel):
        own = np.flatnonzero(channel == name)
        if not (np.diff(response_ns[own]) < shortest_ns[own][1:]).any():
            continue
        last_ns: int | None = None
        for position in own.tolist():
            time_ns = int(response_ns[position])
            if last_ns is not None and time_ns - last_ns < shortest_ns[position]:
                double[position] = True
            else:
                last_ns = time_ns
    return double


def match(cue_ns: Int64s, response_ns: Int64s, channel: npt.NDArray[np.str_]) -> Matches:
    """Match responses to cues by "mutual-nearest/1".

    `cue_ns`: shape (n,), rising, n >= 2; `response_ns` and `channel`: shape (m,), in order of
    time. Raises ValueError for fewer than two cues.
    """
    interval_ns = local_intervals_ns(cue_ns)
    response_of_cue = np.full(cue_ns.size, UNMATCHED, dtype=np.int64)
    nearest_cue = nearest_positions(cue_ns, response_ns)
    shortest_ns = refractory_ns(interval_ns[nearest_cue])
    double_trigger = double_triggers(response_ns, shortest_ns, channel)
    usable = np.flatnonzero(~double_trigger)
    if usable.size:
        nearest_response = usable[nearest_positions(response_ns[usable], cue_ns)]
        cues = np.arange(cue_ns.size)
        mutual = nearest_cue[nearest_response] == cues
        close = np.abs(response_ns[nearest_response] - cue_ns) < interval_ns / 2
        kept = mutual & close
        response_of_cue[kept] = nearest_response[kept]
    return Matches(response_of_cue, nearest_cue, double_trigger, interval_ns)
