"""How well a difference is known: the circular block bootstrap. Pure; numpy only.

Values that follow each other are drawn again in blocks, since neighbours resemble each other, each
block beginning anywhere on the ring of all values (Politis & Romano, in: Exploring the Limits of
Bootstrap, 263-270, 1992); the percentiles of the drawn differences are the interval (Efron &
Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). It tells how far the values of one
session carry, not what the person does on another day.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

BLOCK_COUNT = 10
MIN_VALUES = 20
CONFIDENCE_PERCENT = 95.0
METHOD = "circular block bootstrap, blocks of 10, 1000 draws, 95 % percentile interval"
_DRAWS = 1_000
_SEED = 20_010_903  # any fixed number: the same sessions give the same interval

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats, int], Floats]
"""From the means of the moments of n values, shape (..., k), and n: shape (...)."""


def interval_of_difference(
    statistic: Statistic, moments_a: Floats, moments_b: Floats
) -> tuple[float, float] | None:
    """The interval of statistic(b) less statistic(a), laid around its own value.

    `moments_a`, `moments_b`: shapes (n, k) and (m, k), in order of time; `statistic` rests on their
    means. None below 20 values in either.
    """
    if min(len(moments_a), len(moments_b)) < MIN_VALUES:
        return None
    rng = np.random.default_rng(_SEED)
    drawn = [
        statistic(_drawn_means(rng, moments), len(moments)) for moments in (moments_a, moments_b)
    ]
    tail_percent = (100.0 - CONFIDENCE_PERCENT) / 2
    low, high = np.percentile(drawn[1] - drawn[0], [tail_percent, 100.0 - tail_percent])
    return float(low), float(high)


def _drawn_means(rng: np.random.Generator, moments: Floats) -> Floats:
    """Means over blocks drawn from `moments`, shape (n, k), as long together; shape (draws, k)."""
    count, width = moments.shape
    length = min(BLOCK_COUNT, count)
    ring = np.concatenate((np.zeros((1, width)), moments, moments[: length - 1])).cumsum(axis=0)
    block_means = (ring[length:] - ring[:-length]) / length
    starts = rng.integers(0, count, (_DRAWS, -(-count // length)))
    means: Floats = block_means[starts].mean(axis=1)
    return means
