"""The sounds of cues, as samples. Pure; numpy only."""

import numpy as np
import numpy.typing as npt

from andante.timebase import MS_PER_S

Samples = npt.NDArray[np.float32]

# Two partials that older ears still hear well; hearing loss with age begins above 2 kHz
# (ISO 7029). The upper one makes the onset steep: its first quarter turn takes 0.1 ms.
_PARTIALS_HZ = (1_000.0, 2_500.0)
_PARTIAL_LEVELS = (1.0, 0.6)
_DECAY_MS = 8.0
_LENGTH_MS = 40.0
_RELEASE_MS = 10.0

_FIRST_LEVEL = 1 / 3
_RISE_CUES = 10


def click(rate_hz: float, peak_level: float = 1.0) -> Samples:
    """A short woody click at `rate_hz`, shape (n,), float32, its largest sample at `peak_level`.

    Two decaying sines that start together at zero, so that the onset is steep without a jump;
    the last 10 ms fall to zero along a half cosine. The steepest rise comes within 0.3 ms of
    the first sample. Raises ValueError for a peak level outside 0-1, or for a rate too low to
    hold the upper partial.
    """
    if not 0.0 <= peak_level <= 1.0:
        raise ValueError(f"a peak level lies between 0 and 1, not at {peak_level}")
    if rate_hz < 4 * max(_PARTIALS_HZ):
        raise ValueError(f"a click needs at least {4 * max(_PARTIALS_HZ):.0f} Hz, not {rate_hz}")
    times_s = np.arange(round(rate_hz * _LENGTH_MS / MS_PER_S)) / rate_hz
    wave = np.zeros(times_s.shape)
    for frequency_hz, level in zip(_PARTIALS_HZ, _PARTIAL_LEVELS, strict=True):
        wave += level * np.sin(2 * np.pi * frequency_hz * times_s)
    wave *= np.exp(-times_s * MS_PER_S / _DECAY_MS)
    release_frames = round(rate_hz * _RELEASE_MS / MS_PER_S)
    wave[-release_frames:] *= 0.5 * (1 + np.cos(np.pi * np.linspace(0, 1, release_frames)))
    samples: Samples = (wave * (peak_level / np.abs(wave).max())).astype(np.float32)
    return samples


def rising_level(given_count: int) -> float:
    """The share of the volume, 1/3 to 1, for the cue that follows `given_count` others.

    A patient never meets the full volume first: it rises evenly over the first ten cues.
    """
    return min(1.0, _FIRST_LEVEL + (1.0 - _FIRST_LEVEL) * given_count / (_RISE_CUES - 1))
