"""Noise that remembers: what makes one stride resemble the last hundred."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_HISTORY_STEPS = 512  # a five-minute walk

Floats = npt.NDArray[np.float64]


class CorrelatedNoise:
    """Fractionally integrated white noise, one value a step.

    A moving average of normal deviates with the weights of a fractional integral of order
    d = `dfa_alpha` - 0.5 (Hosking, Biometrika 68:165-176, 1981; Kasdin, Proc IEEE 83:802-827,
    1995), cut off after 512 steps. Detrended fluctuation analysis of it has the exponent
    `dfa_alpha`: 0.5 is white, 1.0 is 1/f. Scaled so that the variance expected of 512 values in a
    row, about their own mean, is 1.
    """

    def __init__(self, random: np.random.Generator, dfa_alpha: float) -> None:
        """`dfa_alpha` from 0.5 to 1.25; raises ValueError for others."""
        if not 0.5 <= dfa_alpha <= 1.25:
            raise ValueError(f"a DFA exponent of {dfa_alpha} is not from 0.5 to 1.25")
        self._random = random
        self._weights = _weights(dfa_alpha)
        # Twice as long as the history, so that its last 512 values always lie together.
        self._fresh = np.concatenate([np.zeros(_HISTORY_STEPS), random.normal(size=_HISTORY_STEPS)])
        self._oldest = _HISTORY_STEPS

    def step(self) -> float:
        """The next value."""
        if self._oldest == _HISTORY_STEPS:
            self._fresh[:_HISTORY_STEPS] = self._fresh[_HISTORY_STEPS:]
            self._oldest = 0
        self._fresh[self._oldest + _HISTORY_STEPS] = self._random.normal()
        self._oldest += 1
        lately = self._fresh[self._oldest : self._oldest + _HISTORY_STEPS]
        return float(self._weights @ lately)


@lru_cache
def _weights(dfa_alpha: float) -> Floats:
    """Weights of the moving average, the newest value's last, shape (512,)."""
    order = dfa_alpha - 0.5
    lags = np.arange(1, _HISTORY_STEPS)
    weights = np.concatenate([[1.0], np.cumprod((lags - 1 + order) / lags)])
    covariance = np.correlate(weights, weights, "full")[_HISTORY_STEPS - 1 :]
    count = _HISTORY_STEPS
    of_mean = (count * covariance[0] + 2 * ((count - lags) * covariance[1:]).sum()) / count**2
    variance = (covariance[0] - of_mean) * count / (count - 1)
    scaled: Floats = weights[::-1] / math.sqrt(variance)
    return scaled
