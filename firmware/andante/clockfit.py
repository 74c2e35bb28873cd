"""Two clocks laid on each other: a robust straight line through noisy pairs of readings.

Used for audio frames against session time and for the board's ticks against session time.
Pure; numpy only.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_BISQUARE_C = 4.685  # 95 % efficiency at the normal distribution (Huber 1981)
_MAD_TO_SD = 1.4826
_MAX_ROUNDS = 20
_MIN_SCALE_NS = 1.0


@dataclass(frozen=True)
class ClockLine:
    """y_ns = y0_ns + slope * (x - x0), where x counts frames or ticks of the other clock.

    `residual_sd_ns` is the robust spread of the readings around the line and
    `standard_error_ns` that of the line itself at x0, the middle of its readings. `x_span` is the
    length over which readings of equal weight would have to lie evenly to fix the slope as well.
    """

    x0: int
    y0_ns: float
    slope_ns: float
    residual_sd_ns: float
    standard_error_ns: float
    x_span: int
    count: int

    def ns_at(self, x: float) -> int:
        """Session time of count `x` of the other clock."""
        return round(self.y0_ns + self.slope_ns * (x - self.x0))

    def ns_at_many(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Session times, shape (n,), of counts `x`, shape (n,)."""
        whole_ns = int(self.y0_ns // 1.0)
        offsets: npt.NDArray[np.int64] = np.rint(
            self.y0_ns - whole_ns + self.slope_ns * (x - self.x0)
        ).astype(np.int64)
        return offsets + whole_ns

    def x_at(self, time_ns: int) -> float:
        """Count of the other clock at session time `time_ns`; not rounded."""
        return self.x0 + (time_ns - self.y0_ns) / self.slope_ns

    def uncertainty_ns(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Standard error of `ns_at(x)` for each of `x`: grows away from the middle of the readings.

        A line through one count alone (`x_span` 0) says nothing of its slope's error.
        """
        from_middle = (np.asarray(x) - self.x0).astype(np.float64)
        leverage = 12.0 * (from_middle / self.x_span) ** 2 if self.x_span > 0 else 0.0 * from_middle
        error: npt.NDArray[np.float64] = self.standard_error_ns * np.sqrt(1.0 + leverage)
        return error


def robust_line(
    x: npt.ArrayLike, y_ns: npt.ArrayLike, weights: npt.NDArray[np.float64] | None = None
) -> ClockLine:
    """Fit a line by iteratively reweighted least squares with Tukey's bisquare.

    `x`: integer counts, shape (n,), n >= 2, not all equal; `y_ns`: session times, shape (n,);
    `weights`: how far each reading is trusted, shape (n,), in (0, 1] with the best at 1
    (in proportion to 1/variance); `residual_sd_ns` is then the spread of the best readings.
    Starts from a resistant line (medians of the outer thirds of the better half), so that up to
    about a third of the readings may be far off. Raises ValueError where no line is defined.
    """
    x_counts = np.asarray(x, dtype=np.int64)
    y_counts = np.asarray(y_ns, dtype=np.int64)
    if x_counts.shape != y_counts.shape or x_counts.ndim != 1 or x_counts.size < 2:
        raise ValueError("a clock line needs at least two pairs of readings")
    x0, y0 = int(x_counts[x_counts.size // 2]), int(y_counts[y_counts.size // 2])
    # Differences first: absolute nanoseconds do not fit a double without loss.
    xs = (x_counts - x0).astype(np.float64)
    ys = (y_counts - y0).astype(np.float64)
    if np.ptp(xs) == 0:
        raise ValueError("a clock line needs readings at two different counts")
    trust = np.ones_like(xs) if weights is None else weights
    better = trust >= _median(trust)
    if np.ptp(xs[better]) == 0:
        better[:] = True
    slope, intercept = _resistant_start(xs[better], ys[better])
    root_trust = np.sqrt(trust)
    x_range = float(np.ptp(xs))
    total, centre, spread, _, _ = _weighted_line(xs, ys, trust)
    scale = _MIN_SCALE_NS
    for _ in range(_MAX_ROUNDS):
        residuals = (ys - intercept - slope * xs) * root_trust
        scale = max(_median(np.abs(residuals)) * _MAD_TO_SD, _MIN_SCALE_NS)
        ratio = residuals / (_BISQUARE_C * scale)
        kept = trust * np.maximum(1.0 - ratio * ratio, 0.0) ** 2
        fit = _weighted_line(xs, ys, kept)
        if fit[2] <= 0:
            break  # only readings at one count agree; the line so far is the best there is
        total, centre, spread, new_slope, new_intercept = fit
        moved = abs(new_intercept - intercept) + abs(new_slope - slope) * x_range
        slope, intercept = new_slope, new_intercept
        if moved < 1e-3 * scale:
            break
    x_centre = round(centre)
    return ClockLine(
        x0=x0 + x_centre,
        y0_ns=float(y0) + intercept + slope * x_centre,
        slope_ns=slope,
        residual_sd_ns=scale,
        standard_error_ns=scale / np.sqrt(total),
        x_span=round(np.sqrt(12.0 * spread)),
        count=int(x_counts.size),
    )


def _median(values: npt.NDArray[np.float64]) -> float:
    # Four times as fast as numpy.median on the few hundred readings of a window.
    middle = values.size // 2
    if values.size % 2:
        return float(np.partition(values, middle)[middle])
    ordered = np.partition(values, (middle - 1, middle))
    return float(ordered[middle - 1] + ordered[middle]) / 2


def _resistant_start(
    xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64]
) -> tuple[float, float]:
    order = np.argsort(xs, kind="stable")
    third = max(1, xs.size // 3)
    low, high = order[:third], order[-third:]
    run = _median(xs[high]) - _median(xs[low])
    if run == 0:
        run, rise = float(np.ptp(xs)), float(ys[order[-1]] - ys[order[0]])
    else:
        rise = _median(ys[high]) - _median(ys[low])
    slope = rise / run
    return slope, _median(ys - slope * xs)


def _weighted_line(
    xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Sum of weights, weighted mean and variance of x, slope, intercept."""
    total = float(weights.sum())
    x_mean = float(weights @ xs) / total
    y_mean = float(weights @ ys) / total
    centred = xs - x_mean
    weighted = weights * centred
    variance = float(weighted @ centred) / total
    slope = float(weighted @ (ys - y_mean)) / total / variance if variance > 0 else 0.0
    return total, x_mean, variance, slope, y_mean - slope * x_mean
