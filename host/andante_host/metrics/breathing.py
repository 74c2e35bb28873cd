"""How a person breathes, and how well they follow a pacer: the `breathing` block.

From the starts of inhalations and exhalations, in seconds, the belt where there is one and the
pacer's cues where there were any. A figure that cannot be had is None and `reasons` says why.

- A breath runs from the start of an inhalation to the start of the next, with one start of an
  exhalation between; over 30 s is a gap and no breath.
- Rate: 60 / mean breath; its SD is that of 60 / breath, breath by breath (n - 1). The ratio is
  mean inhale / mean exhale.
- Amplitude: belt at the start of the exhalation less belt at the start of the inhalation before
  it; its trend is the slope of a least-squares line over time in percent of the mean.
- Phase locking value: |mean exp(i(phi_belt - phi_pacer))| (Lachaux et al., Hum Brain Mapp
  8:194-208, 1999) of the analytic phases of belt and pacer between 0.02 and 1 Hz, 10 s trimmed at
  both ends of every paced stretch. It does not see the ratio of inhale to exhale: never show it
  alone. The lag is the mean direction of the same, as a share of the pacer's mean breath.
- Onset asynchrony: start of the patient's inhale or exhale less that of the pacer's, matched as
  taps are ("mutual-nearest/1"); null where Rayleigh's test finds no direction. A start after a
  hold is left out, since a held breath does not show on a belt when it ends.
- What follows is our own definition. Period error: a breath less the pacer's breath during which
  it began. Ratio error: inhale:exhale of the patient's paced breaths less the pacer's. In
  tolerance: the share of the pacer's breaths, where there is belt to show it, that were met
  within an eighth of a breath (45 degrees) by a breath as long as the pacer's to within 10 %.
  Unlocked: between two that were.

Pure; numpy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.ports import CueKind
from andante.timebase import NS_PER_S, S_PER_MINUTE
from andante_host.metrics.circular import beat_angles_rad, circular_summary
from andante_host.metrics.matching import UNMATCHED, match, nearest_positions
from andante_host.metrics.pacer import Pacer

LONGEST_BREATH_S = 30.0
TRIM_S = 10.0
PHASE_BAND_HZ = (0.02, 1.0)
LOCKED_VALUE = 0.5
ONSET_TOLERANCE_SHARE = 0.125
PERIOD_TOLERANCE_SHARE = 0.1
_MIN_TREND_BREATHS = 4
_AMPLITUDE_AVERAGE_S = 0.1
_MIRRORED_S = 60.0
_PHASE_EVERY_S = 0.1

Floats = npt.NDArray[np.float64]

NO_PACER = "There was no pacer to follow."

FORMULAS = {
    "breath_rate_brpm": "60 / mean breath, from inhalation to inhalation",
    "inhale_exhale_ratio": "mean inhale / mean exhale",
    "amplitude_trend_percent_per_min": "100 * slope of amplitude over minutes / mean amplitude",
    "phase_locking_value": (
        "|mean exp(i(phi_belt - phi_pacer))|, analytic phase, 0.02-1 Hz, 10 s trimmed; it does "
        "not see the ratio of inhale to exhale"
    ),
    "phase_lag_s": "mean phase difference as a share of the pacer's mean breath; late is positive",
    "period_error_mean_s": "own breath less the pacer's breath in which it began",
    "onset_asynchrony_mean_s": "start of inhale or exhale less the pacer's; early is negative",
    "ratio_error": "inhale:exhale of the paced breaths less that of the pacer",
    "in_tolerance_percent": (
        "pacer's breaths met within an eighth of a breath by one as long to within 10 %"
    ),
    "longest_unlocked_s": "longest time of pacing between two breaths in tolerance",
}


@dataclass(frozen=True)
class BeltRun:
    """A stretch of belt without a gap: sample i, shape (n,), was taken at start_s + i·period_s."""

    start_s: float
    period_s: float
    counts: Floats


@dataclass(frozen=True)
class _Breaths:
    """Whole breaths, shape (n,) each, in seconds."""

    start_s: Floats
    exhale_s: Floats
    end_s: Floats

    @property
    def length_s(self) -> Floats:
        return self.end_s - self.start_s

    def chosen(self, moment_s: Floats, start_s: float, end_s: float) -> "_Breaths":
        """Those of which a moment, shape (n,), lies in [start_s, end_s)."""
        inside = (moment_s >= start_s) & (moment_s < end_s)
        return _Breaths(self.start_s[inside], self.exhale_s[inside], self.end_s[inside])


def breathing_measures(
    inhales_s: npt.ArrayLike,
    exhales_s: npt.ArrayLike,
    belt: Sequence[BeltRun] = (),
    pacer: Pacer | None = None,
    span_s: tuple[float, float] = (-np.inf, np.inf),
) -> dict[str, Any]:
    """The `breathing` block of breaths whose middle, and the pacer's parts that begin, in `span_s`.

    `inhales_s`, `exhales_s`: starts in seconds from any origin, shape (n,) and (m,), in any order,
    NaN left out. `belt`: the same time; without it amplitude and phase locking are null. `pacer`:
    without it everything that compares is null. Nulls have their reason in `reasons`; units are in
    the keys, formulas in `formulas`.
    """
    inhales, exhales = (_clean(times_s) for times_s in (inhales_s, exhales_s))
    whole = whole_breaths(inhales, exhales)
    breaths = whole.chosen((whole.start_s + whole.end_s) / 2.0, *span_s)
    pacer = None if pacer is None else pacer.between(*span_s)
    reasons: dict[str, str] = {}
    block: dict[str, Any] = {"breath_count": int(breaths.start_s.size)}
    block |= _own(breaths, reasons)
    block |= _amplitude(breaths, belt, reasons)
    block |= _following(inhales, exhales, breaths, belt, pacer, reasons)
    return block | {"reasons": reasons, "formulas": FORMULAS}


def _clean(times_s: npt.ArrayLike) -> Floats:
    times = np.asarray(times_s, dtype=np.float64)
    return np.sort(times[np.isfinite(times)])


def whole_breaths(inhales_s: Floats, exhales_s: Floats) -> _Breaths:
    """The breaths from one inhalation to the next, with the exhalation between them.

    `inhales_s`, shape (n,), and `exhales_s`, shape (m,): their starts in seconds, in order.
    """
    start_s, end_s = inhales_s[:-1], inhales_s[1:]
    first = np.searchsorted(exhales_s, start_s, side="right")
    count = np.searchsorted(exhales_s, end_s, side="left") - first
    whole = (count == 1) & (end_s - start_s <= LONGEST_BREATH_S)
    return _Breaths(start_s[whole], exhales_s[first[whole]], end_s[whole])


def _own(breaths: _Breaths, reasons: dict[str, str]) -> dict[str, float | None]:
    keys = (
        "breath_rate_brpm",
        "breath_rate_sd_brpm",
        "inhale_mean_s",
        "exhale_mean_s",
        "inhale_exhale_ratio",
    )
    if not breaths.start_s.size:
        reasons |= dict.fromkeys(keys, "There was no whole breath.")
        return dict.fromkeys(keys)
    inhale_s = float((breaths.exhale_s - breaths.start_s).mean())
    exhale_s = float((breaths.end_s - breaths.exhale_s).mean())
    sd_brpm = None
    if breaths.start_s.size > 1:
        sd_brpm = float((S_PER_MINUTE / breaths.length_s).std(ddof=1))
    else:
        reasons["breath_rate_sd_brpm"] = "There was only one whole breath."
    rate_brpm = S_PER_MINUTE / float(breaths.length_s.mean())
    return dict(
        zip(keys, (rate_brpm, sd_brpm, inhale_s, exhale_s, inhale_s / exhale_s), strict=True)
    )


def _amplitude(
    breaths: _Breaths, belt: Sequence[BeltRun], reasons: dict[str, str]
) -> dict[str, float | None]:
    keys = ("amplitude_mean_counts", "amplitude_trend_percent_per_min")
    if not belt:
        reasons |= dict.fromkeys(keys, "There are no belt samples.")
        return dict.fromkeys(keys)
    amplitude_counts = _belt_at(belt, breaths.exhale_s) - _belt_at(belt, breaths.start_s)
    known = np.isfinite(amplitude_counts)
    amplitude_counts, start_s = amplitude_counts[known], breaths.start_s[known]
    if not amplitude_counts.size:
        reasons |= dict.fromkeys(keys, "There was no whole breath.")
        return dict.fromkeys(keys)
    mean_counts = float(amplitude_counts.mean())
    trend = None
    if amplitude_counts.size < _MIN_TREND_BREATHS or mean_counts <= 0.0:
        reasons[keys[1]] = f"A trend takes at least {_MIN_TREND_BREATHS} breaths."
    else:
        slope = np.polyfit((start_s - start_s[0]) / S_PER_MINUTE, amplitude_counts, 1)[0]
        trend = 100.0 * float(slope) / mean_counts
    return {keys[0]: mean_counts, keys[1]: trend}


def _belt_at(belt: Sequence[BeltRun], times_s: Floats) -> Floats:
    """The belt averaged over 0.1 s around each time, shape (n,); NaN where there is none."""
    values = np.full(times_s.size, np.nan)
    for run in belt:
        half = max(round(_AMPLITUDE_AVERAGE_S / 2 / run.period_s), 0)
        at = np.rint((times_s - run.start_s) / run.period_s).astype(np.int64)
        inside = (at >= 0) & (at < run.counts.size)
        total = np.concatenate(([0.0], np.cumsum(run.counts)))
        low = np.maximum(at[inside] - half, 0)
        high = np.minimum(at[inside] + half + 1, run.counts.size)
        values[inside] = (total[high] - total[low]) / (high - low)
    return values


# --- following the pacer --------------------------------------------------------------------


def _following(
    inhales_s: Floats,
    exhales_s: Floats,
    breaths: _Breaths,
    belt: Sequence[BeltRun],
    pacer: Pacer | None,
    reasons: dict[str, str],
) -> dict[str, float | None]:
    locking = ("phase_locking_value", "phase_lag_s")
    rhythm = (
        "period_error_mean_s",
        "onset_asynchrony_mean_s",
        "ratio_error",
        "in_tolerance_percent",
        "longest_unlocked_s",
    )
    block: dict[str, float | None] = dict.fromkeys((*locking, *rhythm))
    if pacer is None:
        reasons |= dict.fromkeys(block, NO_PACER)
        return block
    start_s, end_s = pacer.cycles()
    if start_s.size < 2:
        reasons |= dict.fromkeys(block, "The pacer gave fewer than two whole breaths.")
        return block
    block |= _locking(belt, pacer, float((end_s - start_s).mean()), reasons)
    block["onset_asynchrony_mean_s"] = _onset_asynchrony_s(inhales_s, exhales_s, pacer, reasons)
    block |= _tolerance(breaths, belt, start_s, end_s, reasons)
    cycle = np.searchsorted(start_s, breaths.start_s, side="right") - 1
    paced = (cycle >= 0) & (breaths.start_s < end_s[cycle])
    if not paced.any():
        missing = "No whole breath began while the pacer ran."
        reasons |= dict.fromkeys(("period_error_mean_s", "ratio_error"), missing)
        return block
    error_s = breaths.length_s[paced] - (end_s - start_s)[cycle[paced]]
    block["period_error_mean_s"] = float(error_s.mean())
    inhale_s = (breaths.exhale_s - breaths.start_s)[paced].mean()
    exhale_s = (breaths.end_s - breaths.exhale_s)[paced].mean()
    block["ratio_error"] = float(inhale_s / exhale_s) - pacer.inhale_exhale_ratio
    return block


def _tolerance(
    breaths: _Breaths,
    belt: Sequence[BeltRun],
    start_s: Floats,
    end_s: Floats,
    reasons: dict[str, str],
) -> dict[str, float | None]:
    """How many of the pacer's breaths, [start_s, end_s) of shape (k,), were met, and how long not.

    Judged are those for which the belt lasts long enough to show a breath as late as is allowed.
    """
    keys = ("in_tolerance_percent", "longest_unlocked_s")
    length_s = end_s - start_s
    latest_s = end_s + (ONSET_TOLERANCE_SHARE + PERIOD_TOLERANCE_SHARE) * length_s
    judged = np.full(start_s.size, not belt)
    for run in belt:
        run_end_s = run.start_s + run.counts.size * run.period_s
        judged |= (start_s >= run.start_s) & (latest_s <= run_end_s)
    if not judged.any():
        reasons |= dict.fromkeys(keys, "The belt covers no breath of the pacer.")
        return dict.fromkeys(keys)
    start_s, end_s, length_s = start_s[judged], end_s[judged], length_s[judged]
    met = np.zeros(start_s.size, dtype=np.bool_)
    if breaths.start_s.size:
        nearest = nearest_positions(_as_ns(breaths.start_s), _as_ns(start_s))
        late_s = breaths.start_s[nearest] - start_s
        longer_s = breaths.length_s[nearest] - length_s
        met = np.abs(late_s) <= ONSET_TOLERANCE_SHARE * length_s
        met &= np.abs(longer_s) <= PERIOD_TOLERANCE_SHARE * length_s
    longest_s = run_s = 0.0
    last_end_s = start_s[0]
    for locked, cycle_start_s, cycle_end_s in zip(met, start_s, end_s, strict=True):
        if locked or cycle_start_s > last_end_s + LONGEST_BREATH_S:  # met, or after a rest
            run_s = 0.0
        run_s += 0.0 if locked else cycle_end_s - cycle_start_s
        longest_s, last_end_s = max(longest_s, run_s), cycle_end_s
    return {keys[0]: 100.0 * float(met.mean()), keys[1]: float(longest_s)}


def _as_ns(times_s: Floats) -> npt.NDArray[np.int64]:
    return np.rint(times_s * NS_PER_S).astype(np.int64)


def _onset_asynchrony_s(
    inhales_s: Floats, exhales_s: Floats, pacer: Pacer, reasons: dict[str, str]
) -> float | None:
    asynchrony_s: list[Floats] = []
    interval_s: list[Floats] = []
    for kind, times_s in ((CueKind.INHALE, inhales_s), (CueKind.EXHALE, exhales_s)):
        cue_s = pacer.free_onsets_s(kind)
        if cue_s.size < 2 or not times_s.size:
            continue
        cue_ns, time_ns = _as_ns(cue_s), _as_ns(times_s)
        found = match(cue_ns, time_ns, np.full(time_ns.size, str(kind)))
        paired = np.flatnonzero(found.response_of_cue != UNMATCHED)
        asynchrony_s.append((time_ns[found.response_of_cue[paired]] - cue_ns[paired]) / NS_PER_S)
        interval_s.append(found.interval_ns[paired] / NS_PER_S)
    key = "onset_asynchrony_mean_s"
    if not asynchrony_s or not (all_s := np.concatenate(asynchrony_s)).size:
        reasons[key] = "No breath met the pacer, or every breath of the pacer is held."
        return None
    direction = circular_summary(beat_angles_rad(all_s, np.concatenate(interval_s)))
    if not direction.directed:
        reasons[key] = (
            f"The breaths fall anywhere in the pacer's (Rayleigh p {direction.rayleigh_p:.2g}, "
            "not below 0.05), so there is no mean asynchrony."
        )
        return None
    return float(all_s.mean())


def _locking(
    belt: Sequence[BeltRun],
    pacer: Pacer,
    cycle_s: float,
    reasons: dict[str, str],
) -> dict[str, float | None]:
    keys = ("phase_locking_value", "phase_lag_s")
    if not belt:
        reasons |= dict.fromkeys(keys, "There are no belt samples.")
        return dict.fromkeys(keys)
    differences = [
        _phase_difference(run, pacer, start_s, end_s)
        for run in belt
        for start_s, end_s in pacer.stretches()
    ]
    vectors = np.concatenate(differences)
    if not vectors.size:
        reasons |= dict.fromkeys(
            keys, f"No paced stretch of belt is longer than {2 * TRIM_S:g} s, which is trimmed."
        )
        return dict.fromkeys(keys)
    mean_vector = complex(vectors.mean())
    value = min(abs(mean_vector), 1.0)
    if value < LOCKED_VALUE:
        reasons[keys[1]] = (
            f"Belt and pacer are not locked (below {LOCKED_VALUE:g}), so there is no lag."
        )
        return {keys[0]: value, keys[1]: None}
    return {keys[0]: value, keys[1]: -float(np.angle(mean_vector)) / (2.0 * np.pi) * cycle_s}


def _phase_difference(
    run: BeltRun, pacer: Pacer, start_s: float, end_s: float
) -> npt.NDArray[np.complex128]:
    """exp(i(phi_belt - phi_pacer)), ten times a second, without the first and last 10 s."""
    first = max(int(np.ceil((start_s - run.start_s) / run.period_s)), 0)
    last = min(int((end_s - run.start_s) / run.period_s), run.counts.size)
    share = max(int(_PHASE_EVERY_S / run.period_s), 1)  # samples averaged: far above the band
    count, every_s = (last - first) // share, share * run.period_s
    trim = round(TRIM_S / every_s)
    if count <= 2 * trim:
        return np.zeros(0, dtype=np.complex128)
    counts = run.counts[first : first + count * share].reshape(count, share).mean(axis=1)
    centre_s = run.start_s + (first + (share - 1) / 2.0) * run.period_s
    level = pacer.level_at(centre_s + np.arange(count, dtype=np.float64) * every_s)
    product = _analytic(counts, every_s) * np.conj(_analytic(level, every_s))
    product = product[trim:-trim]
    size = np.abs(product)
    return product[size > 0.0] / size[size > 0.0]


def _analytic(values: Floats, period_s: float) -> npt.NDArray[np.complex128]:
    """The analytic signal (Gabor 1946) of the values less their line, within PHASE_BAND_HZ.

    Both ends are mirrored outwards, so that the jump from end to start lies beyond the values.
    """
    count = values.size
    pad = min(round(_MIRRORED_S / period_s), count - 1)
    before, after = values[pad:0:-1], values[-2 : -pad - 2 : -1]
    longer = np.concatenate([before, values, after])
    along = np.linspace(0.0, 1.0, longer.size)
    slope, offset = np.polyfit(along, longer, 1)
    spectrum = np.fft.fft(longer - slope * along - offset)
    frequency_hz = np.fft.fftfreq(longer.size, period_s)
    low_hz, high_hz = PHASE_BAND_HZ
    spectrum *= np.where((frequency_hz >= low_hz) & (frequency_hz <= high_hz), 2.0, 0.0)
    analytic: npt.NDArray[np.complex128] = np.fft.ifft(spectrum)[pad : pad + count]
    return analytic
