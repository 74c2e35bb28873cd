"""From cues given and onsets felt to the latency of an output, and whether to believe it. Pure.

Steps: each cue is met by the first onset from 50 ms before to 250 ms after its reported time;
the latency is the median of the differences; what lies farther from it than five robust standard
deviations (at least 0.5 ms) counts as an outlier and is left out of the spread; then the
measurement is judged. A median with its median absolute deviation is not moved by the few onsets
that a door or a lamp adds (Hampel 1974).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.clockfit import robust_line
from andante.timebase import NS_PER_MS, NS_PER_US

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SEARCH_FROM_NS = -50 * NS_PER_MS
SEARCH_TO_NS = 250 * NS_PER_MS
"""Where a cue's onset is looked for: wider than what is plausible, so that a device beyond that
is recognised and refused, and narrower than the shortest distance of two cues."""

MIN_HEARD = 20
MIN_SURE_SHARE = 0.8
MIN_HEARD_SHARE = 0.9
MAX_STRAY_SHARE = 0.1
MAX_OUTLIER_SHARE = 0.05
MIN_CLUSTER_SHARE = 0.1
PLAUSIBLE_MS = (-20.0, 100.0)
"""A driver that tells its own delay in steps of 10 ms may overstate it by one or two; from 100 ms
on it is a wireless device (both in the notes on sound devices, `docs/calibration.md`)."""
MAX_SD_MS = 1.0
"""A twentieth of the spread of a practised tapper's asynchronies, 17 ms or more."""
MAX_DRIFT_MS = 0.5
CLUSTER_GAP_MS = 1.0

_MAD_TO_SD = 1.4826
_OUTLIER_SDS = 5.0
_MIN_OUTLIER_MS = 0.5
_CLUSTER_SDS = 4.0
_DRIFT_ERRORS = 4.0


@dataclass(frozen=True)
class Observation:
    """What one output gave and what the sensor in front of it felt.

    All rising: `planned_ns`, shape (k,), of every cue that counts; `actual_ns`, shape (n,), the
    reported times of those that the output was sure of; `onset_ns`, shape (m,), the sensor's
    onsets.
    """

    planned_ns: Int64s
    actual_ns: Int64s
    onset_ns: Int64s


@dataclass(frozen=True)
class LatencyEstimate:
    """How late the output is, how well that is known, and why not to believe it.

    None where nothing was heard. `missed_count` are cues that the output gave and the sensor did
    not feel, `doubtful_count` those whose own time the output did not vouch for; both are left
    out, and so are `outlier_count` of the `heard_count` from the standard deviation.
    `stray_count`: onsets that no cue explains. `drift_ms`: how far the latency moved from the
    first cue to the last. `refusals`: sentences; empty where the measurement is good.
    """

    latency_ms: float | None
    latency_sd_ms: float | None
    latency_mad_ms: float | None
    standard_error_ms: float | None
    drift_ms: float | None
    heard_count: int
    missed_count: int
    doubtful_count: int
    outlier_count: int
    stray_count: int
    refusals: tuple[str, ...]


def estimate_latency(observation: Observation) -> LatencyEstimate:
    """The latency of one output with its judgement."""
    heard, onset_ns = _first_onsets(observation.actual_ns, observation.onset_ns)
    actual_ns = observation.actual_ns[heard]
    latencies_ms = (onset_ns - actual_ns) / NS_PER_MS
    counts = {
        "heard_count": int(heard.sum()),
        "missed_count": int((~heard).sum()),
        "doubtful_count": observation.planned_ns.size - observation.actual_ns.size,
        "stray_count": _count_strays(observation),
    }
    few = _too_few(observation, counts["heard_count"], counts["stray_count"])
    if latencies_ms.size < 2:
        return LatencyEstimate(
            None, None, None, None, None, **counts, outlier_count=0, refusals=few
        )
    median_ms = float(np.median(latencies_ms))
    distance_ms = np.abs(latencies_ms - median_ms)
    mad_ms = float(np.median(distance_ms))
    outlying = distance_ms > max(_OUTLIER_SDS * _MAD_TO_SD * mad_ms, _MIN_OUTLIER_MS)
    inlying_ms = latencies_ms[~outlying]
    sd_ms = float(inlying_ms.std(ddof=1)) if inlying_ms.size > 1 else 0.0
    drift_ms, drift_error_ms = _drift(actual_ns, latencies_ms)
    refusals = few or _shape_refusals(
        latencies_ms, median_ms, sd_ms, float(outlying.mean()), (drift_ms, drift_error_ms)
    )
    return LatencyEstimate(
        latency_ms=median_ms,
        latency_sd_ms=sd_ms,
        latency_mad_ms=mad_ms,
        # Of a median of normal values: sqrt(pi/2) times that of their mean.
        standard_error_ms=float(np.sqrt(np.pi / 2) * sd_ms / np.sqrt(max(1, inlying_ms.size))),
        drift_ms=drift_ms,
        **counts,
        outlier_count=int(outlying.sum()),
        refusals=refusals,
    )


def _first_onsets(actual_ns: Int64s, onset_ns: Int64s) -> tuple[npt.NDArray[np.bool_], Int64s]:
    """Which cues were felt, shape (n,), and the first onset of each of those, in order.

    Later onsets within a cue's window are its own tail: a light goes off, a room rings.
    """
    first = np.searchsorted(onset_ns, actual_ns + SEARCH_FROM_NS)
    heard: npt.NDArray[np.bool_] = np.searchsorted(onset_ns, actual_ns + SEARCH_TO_NS) > first
    return heard, onset_ns[first[heard]]


def _count_strays(observation: Observation) -> int:
    """Onsets from the first cue's window to the last's that lie in no cue's window."""
    begins_ns = observation.planned_ns + SEARCH_FROM_NS
    ends_ns = observation.planned_ns + SEARCH_TO_NS
    begun = np.searchsorted(begins_ns, observation.onset_ns, side="right")
    ended = np.searchsorted(ends_ns, observation.onset_ns, side="right")
    between = (begun > 0) & (ended < observation.planned_ns.size)
    return int((between & (begun == ended)).sum())


def _drift(actual_ns: Int64s, latencies_ms: Floats) -> tuple[float, float]:
    """How far a robust line through the latencies moves over the measurement, and its error."""
    passed_us = (actual_ns - actual_ns[0]) // NS_PER_US
    line = robust_line(passed_us, np.rint(latencies_ms * NS_PER_MS).astype(np.int64))
    span_us = int(passed_us[-1])
    # The slope's standard error, by the spread of x that `x_span` stands for.
    slope_error_ns = line.standard_error_ns * 12**0.5 / max(1, line.x_span)
    return line.slope_ns * span_us / NS_PER_MS, slope_error_ns * span_us / NS_PER_MS


# --- judgement ------------------------------------------------------------------------------


def _too_few(observation: Observation, heard_count: int, stray_count: int) -> tuple[str, ...]:
    cue_count, sure_count = observation.planned_ns.size, observation.actual_ns.size
    reasons = []
    if sure_count < max(MIN_HEARD, MIN_SURE_SHARE * cue_count):
        reasons.append(
            f"Only {sure_count} of {cue_count} cues were given at a sure time; close "
            "other programs and measure again."
        )
    elif heard_count < max(MIN_HEARD, MIN_HEARD_SHARE * sure_count):
        reasons.append(
            f"Only {heard_count} of {sure_count} cues reached the sensor; see to its cable, its "
            "place and its comparator's threshold, and for sound to the volume."
        )
    if stray_count > MAX_STRAY_SHARE * cue_count:
        reasons.append(
            f"The sensor felt {stray_count} onsets that no cue explains; measure in quiet and out "
            "of flickering light, and see to the comparator's threshold."
        )
    return tuple(reasons)


def _shape_refusals(
    latencies_ms: Floats,
    median_ms: float,
    sd_ms: float,
    outlier_share: float,
    drift: tuple[float, float],
) -> tuple[str, ...]:
    """Why latencies of these are no single, steady figure; the most telling reason alone."""
    centres_ms = _two_clusters(latencies_ms)
    if centres_ms is not None:
        return (
            f"The latency is one of two, {centres_ms[0]:.1f} or {centres_ms[1]:.1f} ms; the driver "
            "tells its own delay in steps: choose another sound device.",
        )
    drift_ms, drift_error_ms = drift
    if abs(drift_ms) > max(MAX_DRIFT_MS, _DRIFT_ERRORS * drift_error_ms):
        return (
            f"The latency drifted by {drift_ms:+.1f} ms while it was measured; wait a minute and "
            "measure again, or choose another device.",
        )
    if sd_ms > MAX_SD_MS:
        return (
            f"The latency scatters by {sd_ms:.2f} ms (standard deviation; {MAX_SD_MS:g} is "
            "allowed); close other programs and measure again.",
        )
    if outlier_share > MAX_OUTLIER_SHARE:
        return (
            f"{outlier_share:.0%} of the cues were felt at quite another time than the rest; "
            "measure in quiet and out of flickering light.",
        )
    if not PLAUSIBLE_MS[0] <= median_ms <= PLAUSIBLE_MS[1]:
        return (
            f"A latency of {median_ms:.1f} ms is not plausible ({PLAUSIBLE_MS[0]:g} to "
            f"{PLAUSIBLE_MS[1]:g} ms are): see that the device has a cable and that the sensor is "
            "on this output.",
        )
    return ()


def _two_clusters(latencies_ms: Floats) -> tuple[float, float] | None:
    """The medians of two groups with an empty stretch between them, or None."""
    ordered = np.sort(latencies_ms)
    margin = max(2, int(np.ceil(MIN_CLUSTER_SHARE * ordered.size)))
    gaps_ms = np.diff(ordered)[margin - 1 : ordered.size - margin]
    if not gaps_ms.size:
        return None
    split = int(np.argmax(gaps_ms)) + margin
    low, high = ordered[:split], ordered[split:]
    gap_ms = float(high[0] - low[-1])
    spread_ms = max(float(side.std()) for side in (low, high))
    if gap_ms < max(CLUSTER_GAP_MS, _CLUSTER_SDS * spread_ms):
        return None
    return float(np.median(low)), float(np.median(high))
