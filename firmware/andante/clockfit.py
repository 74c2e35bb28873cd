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
    `standard_error_ns` that of the line itself at x0, the middle of its readings.
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

    def uncertainty_ns(self, x: float) -> float:
        """Standard error of `ns_at(x)`: grows with the distance from the middle of the readings."""
        if self.x_span <= 0:
            return self.standard_error_ns
        leverage = 12.0 * ((x - self.x0) / self.x_span) ** 2
        return float(self.standard_error_ns * np.sqrt(1.0 + leverage))


def robust_line(x: npt.ArrayLike, y_ns: npt.ArrayLike) -> ClockLine:
    """Fit a line by iteratively reweighted least squares with Tukey's bisquare.

    `x`: integer counts, shape (n,), n >= 2, not all equal; `y_ns`: session times, shape (n,).
    Starts from a resistant line (medians of the outer thirds), so that up to about a third of
    the readings may be far off. Raises ValueError where no line is defined.
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
    slope, intercept = _resistant_start(xs, ys)
    weights = np.ones_like(xs)
    scale = _MIN_SCALE_NS
    for _ in range(_MAX_ROUNDS):
        residuals = ys - intercept - slope * xs
        scale = max(float(np.median(np.abs(residuals))) * _MAD_TO_SD, _MIN_SCALE_NS)
        ratio = residuals / (_BISQUARE_C * scale)
        weights = np.where(np.abs(ratio) < 1.0, (1.0 - ratio**2) ** 2, 0.0)
        new_slope, new_intercept = _weighted_line(xs, ys, weights)
        moved = abs(new_intercept - intercept) + abs(new_slope - slope) * float(np.ptp(xs))
        slope, intercept = new_slope, new_intercept
        if moved < 1e-3 * scale:
            break
    kept = float(weights.sum())
    centre = float((weights * xs).sum() / kept)
    x_centre = round(centre)
    return ClockLine(
        x0=x0 + x_centre,
        y0_ns=float(y0) + intercept + slope * x_centre,
        slope_ns=slope,
        residual_sd_ns=scale,
        standard_error_ns=scale / np.sqrt(kept),
        x_span=int(np.ptp(x_counts)),
        count=int(x_counts.size),
    )


def _resistant_start(
    xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64]
) -> tuple[float, float]:
    order = np.argsort(xs, kind="stable")
    third = max(1, xs.size // 3)
    low, high = order[:third], order[-third:]
    run = float(np.median(xs[high]) - np.median(xs[low]))
    if run == 0:
        run, rise = float(np.ptp(xs)), float(ys[order[-1]] - ys[order[0]])
    else:
        rise = float(np.median(ys[high]) - np.median(ys[low]))
    slope = rise / run
    return slope, float(np.median(ys - slope * xs))


def _weighted_line(
    xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[float, float]:
    total = weights.sum()
    x_mean = (weights * xs).sum() / total
    y_mean = (weights * ys).sum() / total
    centred = xs - x_mean
    spread = (weights * centred**2).sum()
    slope = (weights * centred * (ys - y_mean)).sum() / spread
    return float(slope), float(y_mean - slope * x_mean)
