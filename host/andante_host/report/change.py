"""How much a part of a walk differs from another, and how well that is known. Pure.

A difference is given with a 95 % interval from a circular block bootstrap (Politis & Romano,
in: Exploring the Limits of Bootstrap, 263-270, 1992): strides are drawn again in blocks of ten,
since neighbouring strides resemble each other, and the percentiles of the difference are taken
(Efron & Tibshirani, An Introduction to the Bootstrap, 1993). It tells how far the strides of this
one session can carry a difference, not how the patient walks on another day.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.timebase import S_PER_MINUTE
from andante_host.metrics.gait import strides_of

BLOCK_STRIDES = 10
MIN_STRIDES = 20
CONFIDENCE_PERCENT = 95.0
_DRAWS = 1_000
_SEED = 20_010_903  # any fixed number: the same session gives the same report

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats, int], Floats]
"""From the means of the moments of strides, shape (..., 4), and how many strides: shape (...)."""


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
    if min(len(before_s), len(after_s)) < MIN_STRIDES:
        return Difference(before, after, None, None)
    parts = _moments(before_s), _moments(after_s)
    own = [float(statistic(part.mean(axis=0), len(part))) for part in parts]
    rng = np.random.default_rng(_SEED)
    drawn = [statistic(_drawn_means(rng, part), len(part)) for part in parts]
    spread = (drawn[1] - drawn[0]) - (own[1] - own[0])
    tail_percent = (100.0 - CONFIDENCE_PERCENT) / 2
    low, high = np.percentile(spread, [tail_percent, 100.0 - tail_percent])
    return Difference(before, after, after - before + float(low), after - before + float(high))


def _moments(steps_s: Floats) -> Floats:
    """What every statistic rests on, shape (n, 4): right, left, stride, stride squared."""
    stride_s = steps_s.sum(axis=-1, keepdims=True)
    return np.concatenate((steps_s, stride_s, stride_s**2), axis=-1)


def _drawn_means(rng: np.random.Generator, moments: Floats) -> Floats:
    """Means over blocks drawn from `moments`, shape (n, 4), as long together; shape (draws, 4)."""
    count = len(moments)
    blocks = -(-count // BLOCK_STRIDES)
    ring = np.concatenate((np.zeros((1, 4)), moments, moments[: BLOCK_STRIDES - 1])).cumsum(axis=0)
    block_means = (ring[BLOCK_STRIDES:] - ring[:-BLOCK_STRIDES]) / BLOCK_STRIDES
    means: Floats = block_means[rng.integers(0, count, (_DRAWS, blocks))].mean(axis=1)
    return means
