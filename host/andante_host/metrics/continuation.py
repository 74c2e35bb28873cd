"""Tapping without a beat: the `tapping` block, for going on after the beat and for the own tempo.

The two-level model (Wing & Kristofferson, Percept Psychophys 14:5-12, 1973): an interval is one of
an inner clock plus the motor delay of the tap that ends it less that of the tap before. With
gamma0, gamma1 the variance and lag-1 covariance of the intervals less their straight line:

    motor variance = -gamma1,   clock variance = gamma0 + 2·gamma1

which makes sense only for -0.5 <= gamma1/gamma0 <= 0. Pure; numpy only.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from andante.timebase import NS_PER_MS
from andante_host.metrics.matching import double_triggers, refractory_ns
from andante_host.metrics.middle import median

LONGEST_SHARE = 1.5
SHORTEST_SHARE = 0.5
MIN_INTERVALS = 20

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

FORMULAS = {
    "interval_cv_percent": "100 * SD / mean of the intervals (n - 1)",
    "drift_percent_per_interval": "100 * slope of a straight line through the intervals / mean",
    "clock_sd_ms": "sqrt(gamma0 + 2 * gamma1) of the intervals less their straight line",
    "motor_sd_ms": "sqrt(-gamma1) of the intervals less their straight line",
}


def without_bounces(times_ns: Int64s) -> Int64s:
    """Tap times, shape (n,) in order, without those that follow the one before too soon.

    Too soon is the refractory time of the median interval (`matching.refractory_ns`).
    """
    if times_ns.size < 2:
        return times_ns
    usual_ns = np.full(times_ns.size, median(np.diff(times_ns)))
    bounces = double_triggers(times_ns, refractory_ns(usual_ns), np.full(times_ns.size, ""))
    return times_ns[~bounces]


def own_tapping(times_ns: Int64s) -> dict[str, Any]:
    """Figures of taps that no beat asked for; `times_ns`: shape (n,), in order.

    Intervals outside 0.5-1.5 of their median (a tap missed or made twice) are left out and
    counted. The clock's and the motor noise are null, with their reason, below 20 intervals or
    where the model does not fit; the others where there are fewer than two intervals.
    """
    reasons: dict[str, str] = {}
    block: dict[str, Any] = {
        "tap_count": 0,
        "interval_excluded_count": 0,
        "interval_mean_ms": None,
        "interval_cv_percent": None,
        "drift_percent_per_interval": None,
        "lag1_interval_autocorrelation": None,
        "clock_sd_ms": None,
        "motor_sd_ms": None,
        "reasons": reasons,
    }
    taps_ns = without_bounces(times_ns)
    block["tap_count"] = int(taps_ns.size)
    intervals_ms = np.diff(taps_ns) / NS_PER_MS
    usual_ms = median(intervals_ms) if intervals_ms.size else 0.0
    kept = (intervals_ms >= SHORTEST_SHARE * usual_ms) & (intervals_ms <= LONGEST_SHARE * usual_ms)
    block["interval_excluded_count"] = int((~kept).sum())
    used_ms = intervals_ms[kept]
    spread = (
        "interval_cv_percent",
        "drift_percent_per_interval",
        "lag1_interval_autocorrelation",
        "clock_sd_ms",
        "motor_sd_ms",
    )
    if used_ms.size < 2:
        reasons |= dict.fromkeys(("interval_mean_ms", *spread), "Fewer than three taps in a row.")
        return block
    mean_ms = float(used_ms.mean())
    block["interval_mean_ms"] = mean_ms
    block["interval_cv_percent"] = 100.0 * float(used_ms.std(ddof=1)) / mean_ms
    if used_ms.size < MIN_INTERVALS:
        reasons |= dict.fromkeys(spread[1:], f"It takes at least {MIN_INTERVALS} intervals.")
        return block
    place = np.flatnonzero(kept).astype(np.float64)
    slope, offset = np.polyfit(place, used_ms, 1)
    block["drift_percent_per_interval"] = 100.0 * float(slope) / mean_ms
    rest_ms = np.full(intervals_ms.size, np.nan)
    rest_ms[kept] = used_ms - (slope * place + offset)
    _two_levels(rest_ms, block, reasons)
    return block


def _two_levels(rest_ms: Floats, block: dict[str, Any], reasons: dict[str, str]) -> None:
    """Clock and motor noise of detrended intervals, shape (n,), NaN where one is left out."""
    known = rest_ms[np.isfinite(rest_ms)]
    products = rest_ms[1:] * rest_ms[:-1]
    products = products[np.isfinite(products)]
    keys = ("lag1_interval_autocorrelation", "clock_sd_ms", "motor_sd_ms")
    gamma0 = float(known @ known) / (known.size - 2)  # less the line's two
    if gamma0 <= 1e-12 or not products.size:
        reasons |= dict.fromkeys(keys, "The intervals do not vary.")
        return
    gamma1 = float(products.mean())
    rho1 = gamma1 / gamma0
    block[keys[0]] = rho1
    if not -0.5 <= rho1 <= 0.0:
        reasons |= dict.fromkeys(
            keys[1:],
            f"The model does not fit: neighbouring intervals correlate by {rho1:.2f}, and it "
            "allows -0.5 to 0.",
        )
        return
    block["clock_sd_ms"] = float(np.sqrt(gamma0 + 2.0 * gamma1))
    block["motor_sd_ms"] = float(np.sqrt(-gamma1))
