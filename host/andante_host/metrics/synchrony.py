"""How well responses met cues: the `synchrony` block.

Every figure that is null has an entry in `reasons`, in plain words; `notes` holds what a reader
must know about a figure that is given. Pure; numpy only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.timebase import NS_PER_MS, NS_PER_S
from andante_host.metrics.circular import CircularSummary, beat_angles_rad, circular_summary
from andante_host.metrics.matching import MATCHING, UNMATCHED, Matches, match
from andante_host.metrics.middle import median
from andante_host.metrics.perturbation import recoveries
from andante_host.metrics.phase_correction import METHOD as PHASE_CORRECTION
from andante_host.metrics.phase_correction import (
    MIN_TRANSITIONS,
    Run,
    estimate_phase_correction,
)

WITHIN_MS = 15.0
MISSED_INTERVAL_SHARE = 1.5
"""A response interval longer than this share of their median is nearer to two than to one."""
_PAUSE_INTERVALS = 2.0

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CueSeries:
    """Every cue in its place, shape (n,), in order of time.

    `scored` is false where a response cannot be asked for or its asynchrony not be told: silent
    cues, cues that were not given, and cues whose time is in doubt.
    """

    index: Int64s
    time_ns: Int64s
    scored: Bools


@dataclass(frozen=True)
class ResponseSeries:
    """Taps or contacts, shape (m,), in order of time."""

    index: Int64s
    time_ns: Int64s
    channel: npt.NDArray[np.str_]


@dataclass(frozen=True)
class Meeting:
    """Cues and responses laid on each other.

    `pair_cue`, `pair_response`, shape (k,): positions of what belongs together, scored cues
    only; `asynchrony_ms` (response − cue) and `interval_ms` (local) go with them. `counted`,
    shape (m,): which responses fall where cues are scored; of these, `double_trigger` marks
    bounces, and the others that are in no pair are extra.
    """

    cues: CueSeries
    responses: ResponseSeries
    pair_cue: Int64s
    pair_response: Int64s
    asynchrony_ms: Floats
    interval_ms: Floats
    nearest_cue: Int64s
    counted: Bools
    double_trigger: Bools

    @property
    def missed_cue(self) -> Int64s:
        """Positions of the scored cues without a response."""
        missed = self.cues.scored.copy()
        missed[self.pair_cue] = False
        return np.flatnonzero(missed)


def meet(cues: CueSeries, responses: ResponseSeries) -> Meeting:
    """Match responses to cues. Raises ValueError for fewer than two cues."""
    found = match(cues.time_ns, responses.time_ns, responses.channel)
    paired = cues.scored & (found.response_of_cue != UNMATCHED)
    pair_cue = np.flatnonzero(paired)
    pair_response = found.response_of_cue[pair_cue]
    return Meeting(
        cues=cues,
        responses=responses,
        pair_cue=pair_cue,
        pair_response=pair_response,
        asynchrony_ms=(responses.time_ns[pair_response] - cues.time_ns[pair_cue]) / NS_PER_MS,
        interval_ms=found.interval_ns[pair_cue] / NS_PER_MS,
        nearest_cue=found.nearest_cue,
        counted=_in_scored_span(cues, responses, found),
        double_trigger=found.double_trigger,
    )


def _in_scored_span(cues: CueSeries, responses: ResponseSeries, found: Matches) -> Bools:
    """Responses nearest to a scored cue and at most half an interval outside the cues around it."""
    gaps_ns = np.diff(cues.time_ns).astype(np.float64)
    # Beyond a pause, as beyond the first and the last cue, half the local interval counts.
    before_ns, after_ns = found.interval_ns.copy(), found.interval_ns.copy()
    short = gaps_ns < _PAUSE_INTERVALS * found.interval_ns[1:]
    before_ns[1:][short] = gaps_ns[short]
    short = gaps_ns < _PAUSE_INTERVALS * found.interval_ns[:-1]
    after_ns[:-1][short] = gaps_ns[short]
    nearest = found.nearest_cue
    distance_ns = responses.time_ns - cues.time_ns[nearest]
    inside = (distance_ns >= -before_ns[nearest] / 2) & (distance_ns <= after_ns[nearest] / 2)
    counted: Bools = inside & cues.scored[nearest]
    return counted


def synchrony_measures(meeting: Meeting, latency_calibrated: bool) -> dict[str, Any]:
    """The `synchrony` block of one meeting; `latency_calibrated` of the output it refers to."""
    reasons: dict[str, str] = {}
    notes: dict[str, str] = {}
    asynchrony_ms = meeting.asynchrony_ms
    cue_count = int(meeting.cues.scored.sum())
    response_count = int((meeting.counted & ~meeting.double_trigger).sum())
    matched_count = asynchrony_ms.size
    block: dict[str, Any] = {
        "matching": MATCHING,
        "cue_count": cue_count,
        "response_count": response_count,
        "matched_count": matched_count,
        "missed_percent": _percent(cue_count - matched_count, cue_count),
        "extra_percent": _percent(response_count - matched_count, response_count),
        "double_trigger_count": int((meeting.counted & meeting.double_trigger).sum()),
        "cue_interval_median_ms": _median_cue_interval_ms(meeting.cues),
        "latency_calibrated": latency_calibrated,
    }
    if cue_count == 0:
        reasons["missed_percent"] = "No cue was given whose time is known."
    if block["cue_interval_median_ms"] is None:
        reasons["cue_interval_median_ms"] = "No two cues that count follow each other."
    if response_count == 0:
        reasons["extra_percent"] = "There was no response while cues were given."

    direction: CircularSummary | None = None
    if matched_count:
        direction = circular_summary(beat_angles_rad(asynchrony_ms, meeting.interval_ms))
    block |= _linear(asynchrony_ms, direction, reasons)
    if block["mean_asynchrony_ms"] is not None and not latency_calibrated:
        notes["mean_asynchrony_ms"] = (
            "The latency of the cue is not calibrated, so the mean carries an unknown constant; "
            "the variability does not."
        )
    block |= _circular(direction, reasons)
    block |= _own_intervals(meeting, reasons)
    runs = _runs(meeting)
    block["lag1_autocorrelation"] = _lag1(runs, asynchrony_ms)
    if block["lag1_autocorrelation"] is None:
        reasons["lag1_autocorrelation"] = "Too few matched cues follow each other."
    block |= _phase_correction(runs, direction, reasons)
    block["phase_correction_method"] = PHASE_CORRECTION
    block["perturbations"] = _perturbations(meeting)
    return block | {"reasons": reasons, "notes": notes}


def _perturbations(meeting: Meeting) -> list[dict[str, Any]]:
    asynchrony_ms = np.full(meeting.cues.time_ns.size, np.nan)
    asynchrony_ms[meeting.pair_cue] = meeting.asynchrony_ms
    return recoveries(meeting.cues.time_ns, asynchrony_ms)


def pairs_in_session(meeting: Meeting, started_ns: int) -> list[dict[str, Any]]:
    """Every pair with its times in seconds from the start of the session."""
    cues, responses = meeting.cues, meeting.responses
    cue_ns = cues.time_ns[meeting.pair_cue]
    response_ns = responses.time_ns[meeting.pair_response]
    keys = ("cue_index", "cue_time_s", "response_index", "response_time_s", "asynchrony_ms")
    columns = (
        cues.index[meeting.pair_cue].tolist(),
        ((cue_ns - started_ns) / NS_PER_S).tolist(),
        responses.index[meeting.pair_response].tolist(),
        ((response_ns - started_ns) / NS_PER_S).tolist(),
        meeting.asynchrony_ms.tolist(),
    )
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _median_cue_interval_ms(cues: CueSeries) -> float | None:
    """Between scored cues that follow each other: what the patient was asked for."""
    following = cues.scored[:-1] & cues.scored[1:]
    intervals_ms = np.diff(cues.time_ns)[following] / NS_PER_MS
    return median(intervals_ms) if intervals_ms.size else None


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None


def _linear(
    asynchrony_ms: Floats, direction: CircularSummary | None, reasons: dict[str, str]
) -> dict[str, float | None]:
    linear: dict[str, float | None] = dict.fromkeys(
        ("mean_asynchrony_ms", "sd_asynchrony_ms", "mean_abs_asynchrony_ms", "within_15ms_percent")
    )
    if direction is None:
        reasons |= dict.fromkeys(linear, "No response met a cue.")
        return linear
    if direction.directed:
        linear["mean_asynchrony_ms"] = float(asynchrony_ms.mean())
    else:
        reasons["mean_asynchrony_ms"] = (
            "The responses fall anywhere in the beat (Rayleigh p "
            f"{direction.rayleigh_p:.2g}, not below 0.05), so there is no mean asynchrony."
        )
    if asynchrony_ms.size > 1:
        linear["sd_asynchrony_ms"] = float(asynchrony_ms.std(ddof=1))
    else:
        reasons["sd_asynchrony_ms"] = "Only one response met a cue."
    linear["mean_abs_asynchrony_ms"] = float(np.abs(asynchrony_ms).mean())
    linear["within_15ms_percent"] = float(100.0 * (np.abs(asynchrony_ms) <= WITHIN_MS).mean())
    return linear


def _circular(
    direction: CircularSummary | None, reasons: dict[str, str]
) -> dict[str, float | None]:
    keys = ("vector_length", "mean_direction_deg", "rayleigh_z", "rayleigh_p")
    if direction is None:
        reasons |= dict.fromkeys(keys, "No response met a cue.")
        return dict.fromkeys(keys)
    return {key: getattr(direction, key) for key in keys}


def _own_intervals(meeting: Meeting, reasons: dict[str, str]) -> dict[str, float | int | None]:
    """The responses' own intervals, where neither a silent cue nor an uncounted response lies."""
    block: dict[str, float | int | None] = {
        "interval_mean_ms": None,
        "interval_cv_percent": None,
        "interval_excluded_count": 0,
    }
    single = np.flatnonzero(~meeting.double_trigger)
    counted = meeting.counted[single]
    unscored_before = np.concatenate(([0], np.cumsum(~meeting.cues.scored)))
    stretch = unscored_before[meeting.nearest_cue[single]]
    adjoining = counted[:-1] & counted[1:] & (stretch[:-1] == stretch[1:])
    intervals_ms = np.diff(meeting.responses.time_ns[single])[adjoining] / NS_PER_MS
    if intervals_ms.size:
        kept = intervals_ms <= MISSED_INTERVAL_SHARE * median(intervals_ms)
        block["interval_excluded_count"] = int((~kept).sum())
        intervals_ms = intervals_ms[kept]
    if intervals_ms.size < 2:
        reasons |= dict.fromkeys(
            ("interval_mean_ms", "interval_cv_percent"), "Fewer than three responses in a row."
        )
        return block
    mean_ms = float(intervals_ms.mean())
    block["interval_mean_ms"] = mean_ms
    block["interval_cv_percent"] = float(100.0 * intervals_ms.std(ddof=1) / mean_ms)
    return block


def _runs(meeting: Meeting) -> list[Run]:
    """Runs of matched cues that follow each other without a cue between."""
    if not meeting.pair_cue.size:
        return []
    breaks = np.flatnonzero(np.diff(meeting.pair_cue) != 1) + 1
    cue_ns = meeting.cues.time_ns[meeting.pair_cue]
    runs = []
    for run in np.split(np.arange(meeting.pair_cue.size), breaks):
        cue_interval_ms = np.diff(cue_ns[run]) / NS_PER_MS
        cue_shift_ms = cue_interval_ms - meeting.interval_ms[run][:-1]
        runs.append(Run(meeting.asynchrony_ms[run], cue_shift_ms))
    return runs


def _lag1(runs: list[Run], asynchrony_ms: Floats) -> float | None:
    """Lag-1 autocorrelation; neighbours are matched cues without a cue between.

    The usual estimator (Box & Jenkins), scaled up for the neighbours that gaps take away.
    """
    neighbours = sum(run.asynchrony_ms.size - 1 for run in runs)
    if neighbours < 2:
        return None
    mean_ms = float(asynchrony_ms.mean())
    power = float(((asynchrony_ms - mean_ms) ** 2).sum())
    if power == 0.0:
        return None
    products = sum(
        float((run.asynchrony_ms[:-1] - mean_ms) @ (run.asynchrony_ms[1:] - mean_ms))
        for run in runs
    )
    return products / power * (asynchrony_ms.size - 1) / neighbours


STEADY_BEAT_KEYS = (
    "phase_correction_alpha",
    "phase_correction_alpha_sd",
    "phase_correction_bgls_alpha",
    "timekeeper_sd_ms",
    "motor_sd_ms",
)
"""What only a steady beat can show."""


def _phase_correction(
    runs: list[Run], direction: CircularSummary | None, reasons: dict[str, str]
) -> dict[str, float | None]:
    keys = STEADY_BEAT_KEYS
    if direction is not None and not direction.directed:
        reasons |= dict.fromkeys(
            keys, "The responses do not follow the cues, so there is no correction to measure."
        )
        return dict.fromkeys(keys)
    estimate = estimate_phase_correction(runs)
    if estimate is None:
        reasons |= dict.fromkeys(
            keys,
            f"Fewer than {MIN_TRANSITIONS} matched cues follow one another, or they do not vary.",
        )
        return dict.fromkeys(keys)
    return {
        "phase_correction_alpha": estimate.alpha,
        "phase_correction_alpha_sd": estimate.alpha_sd,
        "phase_correction_bgls_alpha": estimate.bgls_alpha,
        "timekeeper_sd_ms": estimate.timekeeper_sd_ms,
        "motor_sd_ms": estimate.motor_sd_ms,
    }
