"""How much a part of a walk differs from another, and how well that is known. Pure.

A difference is given with the interval of `metrics.resampling`, which draws strides in blocks. It
tells how far the strides of this one session can carry a difference, not how the patient walks
on another day. The statistics rest on the means of four moments, shape (..., 4), of the strides.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.timebase import S_PER_MINUTE
from andante_host.metrics.gait import strides_of
from andante_host.metrics.resampling import MIN_VALUES, Statistic, interval_of_difference

MIN_STRIDES = MIN_VALUES

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A figure before and after; `low` to `high` is the interval of the difference.

    Both are None where there were too few strides for one.
    """

    before: float
    after: float
    low: float | None
    high: float | None

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def told(self) -> bool:
        """True where the interval leaves out no difference at all."""
        return self.low is not None and self.high is not None and self.low * self.high > 0.0


def step_pairs_s(left_contacts_s: Floats, right_contacts_s: Floats) -> Floats:
    """The two steps of every left stride that counts, shape (n, 2): right, then left.

    Strides are those of `gait.strides_of` with one right contact in each. Times in seconds, in
    order, shape (m,) and (k,).
    """
    strides = strides_of(left_contacts_s, np.empty(0), right_contacts_s)
    first = np.searchsorted(right_contacts_s, strides.start_s, side="right")
    one = np.searchsorted(right_contacts_s, strides.end_s, side="left") - first == 1
    start_s, end_s = strides.start_s[one], strides.end_s[one]
    right_s = right_contacts_s[first[one]] if one.any() else np.empty(0)
    return np.column_stack((right_s - start_s, end_s - right_s))


def cadence_spm(means: Floats, _: int) -> Floats:
    """Steps a minute."""
    return np.asarray(2.0 * S_PER_MINUTE / means[..., 2])


def stride_cv_percent(means: Floats, count: int) -> Floats:
    """Variation of the stride times (n - 1)."""
    variance = np.maximum(means[..., 3] - means[..., 2] ** 2, 0.0) * count / (count - 1)
    return np.asarray(100.0 * np.sqrt(variance) / means[..., 2])


def unevenness_percent(means: Floats, _: int) -> Floats:
    """Difference of left and right step times in percent of their mean, without sign."""
    return np.asarray(200.0 * np.abs(means[..., 1] - means[..., 0]) / means[..., 2])


def difference(
    statistic: Statistic, before_s: Floats, after_s: Floats, reported: tuple[float, float]
) -> Difference:
    """`statistic` of `after_s` less that of `before_s`, pairs of steps of shapes (n, 2), (m, 2).

    `reported`: the two figures as the measures give them, which rest on a little more than whole
    strides; the interval is laid around their difference.
    """
    before, after = reported
    parts = _moments(before_s), _moments(after_s)
    interval = interval_of_difference(statistic, *parts)
    if interval is None:
        return Difference(before, after, None, None)
    own = [float(statistic(part.mean(axis=0), len(part))) for part in parts]
    moved = (after - before) - (own[1] - own[0])
    return Difference(before, after, interval[0] + moved, interval[1] + moved)


def _moments(steps_s: Floats) -> Floats:
    """What every statistic rests on, shape (n, 4): right, left, stride, stride squared."""
    stride_s = steps_s.sum(axis=-1, keepdims=True)
    return np.concatenate((steps_s, stride_s, stride_s**2), axis=-1)
