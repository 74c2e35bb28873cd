"""Sound read at places between its samples.

Band-limited interpolation: a sinc under a Hann window, 16 taps (J. O. Smith, Digital Audio
Resampling Home Page). Pure; allocates small arrays of a constant size.
"""

import numpy as np
import numpy.typing as npt

HALF_TAPS = 8
MOST_FRAMES = 256
"""Most samples that are read at once."""

Wave = npt.NDArray[np.float64]

_SHARES = np.arange(MOST_FRAMES, dtype=np.float64)


def needed(begin_at: float, count: int) -> tuple[int, int]:
    """First sample and number of samples that `read_between` needs for `count` places."""
    return int(np.floor(begin_at)) - HALF_TAPS + 1, count + 2 * HALF_TAPS - 1


def read_between(samples: Wave, count: int, begin_at: float, end_at: float) -> Wave:
    """`count` values, shape (count,), at even places from `begin_at` to just before `end_at`.

    `samples`: those that `needed` names. The places have to lie nearly one sample apart: within
    `count` of them the share between samples may move by less than one, so that what lies between
    the first and the last share is a crossfade of the two. Raises ValueError for more than
    MOST_FRAMES.
    """
    if count > MOST_FRAMES:
        raise ValueError(f"at most {MOST_FRAMES} samples can be read at once, not {count}")
    whole = int(np.floor(begin_at))
    played = np.correlate(samples, _taps(begin_at - whole), "valid")
    drift = np.correlate(samples, _taps(end_at - whole - count), "valid") - played
    drift *= _SHARES[:count]
    drift /= count
    played += drift
    return played


def _taps(share: float) -> Wave:
    """Weights, shape (16,), of the samples from 7 before to 8 after for the place `share` on."""
    apart = np.arange(1 - HALF_TAPS, HALF_TAPS + 1) - share
    window = np.cos(np.minimum(np.abs(apart) / HALF_TAPS, 1.0) * np.pi / 2) ** 2
    taps: Wave = np.sinc(apart) * window
    taps /= taps.sum()
    return taps
