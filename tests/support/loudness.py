"""Loudness of test signals, apart from the code under test."""

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

RATE_HZ = 48_000
_WINDOW_FRAMES = 19_200  # 400 ms

# The two stages of the K-weighting at 48 kHz: ITU-R BS.1770-4, tables 1 and 2.
_STAGES = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


def loudest_moment_lufs(samples: npt.NDArray[np.floating]) -> float:
    """The greatest momentary loudness (400 ms) of one channel at 48 kHz, shape (n,)."""
    wave = np.pad(samples.astype(np.float64), _WINDOW_FRAMES)
    for numerator, denominator in _STAGES:
        wave = lfilter(numerator, denominator, wave)
    energy = np.concatenate(([0.0], np.cumsum(wave**2)))
    loudest = (energy[_WINDOW_FRAMES:] - energy[:-_WINDOW_FRAMES]).max() / _WINDOW_FRAMES
    return float(-0.691 + 10 * np.log10(loudest))
