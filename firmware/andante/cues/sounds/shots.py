"""Sounds that begin at a moment and die away by themselves: struck and plucked ones.

All are sums of decaying sines ("modes") that start together at zero, which is how a struck or
plucked body rings (modal synthesis: Cook, Real Sound Synthesis, 2002). Ratios of the modes are
those of Fletcher and Rossing, The Physics of Musical Instruments, 2nd ed.: strings and the free
bar (chapter 2), the ideal circular membrane (3), the marimba's tuned bar (19).

Sines that start at zero give a steep onset without a jump: each sound begins, and rises most
steeply, at its first sample. That sample is put on the cue's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.ports import CueKind
from andante.timebase import MS_PER_S

Samples = npt.NDArray[np.float32]

Mode = tuple[float, float, float]
"""Frequency in Hz, level, and time in ms in which it falls to 1/e."""

_RELEASE_MS = 10.0
_LONG_RELEASE_MS = 200.0

# Partials that older ears still hear well; hearing loss with age begins above 2 kHz (ISO 7029).
# The upper one makes the onset steep: its first quarter turn takes 0.1 ms.
_CLICK_MODES: tuple[Mode, ...] = ((1_000.0, 1.0, 8.0), (2_500.0, 0.6, 8.0))
_CLICK_LENGTH_MS = 40.0

_ROW_FRAMES = 512

_STRING_PARTIALS = 14
_STRING_MOST_HZ = 6_000.0
_PLUCKED_AT = 0.22  # of the string's length, where a thumb plays softly
_STRING_STIFFNESS = 4e-5  # nylon; makes partials slightly sharp
_STRING_DECAY_MS = 900.0  # of the fundamental at `_STRING_DECAY_HZ`; higher ones die sooner
_STRING_DECAY_HZ = 220.0

FIRST_LEVEL = 1 / 3
"""The share of the volume at which everything begins: a patient never meets all of it first."""
_RISE_CUES = 10


@dataclass(frozen=True)
class Strum:
    """A chord: `beat` almost at once; slowly `up` to breathe in and `down` to breathe out."""

    beat: Samples
    up: Samples
    down: Samples

    def shot_for(self, kind: CueKind) -> Samples | None:
        """What to play for a cue; None for a hold, through which the strings ring on."""
        if kind is CueKind.INHALE:
            return self.up
        if kind is CueKind.EXHALE:
            return self.down
        return None if kind in (CueKind.HOLD_IN, CueKind.HOLD_OUT) else self.beat


def click(rate_hz: float, peak_level: float = 1.0) -> Samples:
    """A short woody click, shape (n,), its largest sample at `peak_level`.

    Raises ValueError for a peak level outside 0-1, or for a rate too low to hold its modes.
    """
    return struck(rate_hz, _CLICK_MODES, _CLICK_LENGTH_MS, peak_level)


def struck(
    rate_hz: float, modes: Sequence[Mode], length_ms: float, peak_level: float = 1.0
) -> Samples:
    """A body struck at its first sample, shape (n,), its largest sample at `peak_level`.

    The end falls to zero along a half cosine. Raises ValueError for a peak level outside 0-1, or
    for a rate below four times the highest mode.
    """
    if not 0.0 <= peak_level <= 1.0:
        raise ValueError(f"a peak level lies between 0 and 1, not at {peak_level}")
    highest_hz = max(frequency_hz for frequency_hz, _, _ in modes)
    if rate_hz < 4 * highest_hz:
        raise ValueError(f"this sound needs at least {4 * highest_hz:.0f} Hz, not {rate_hz}")
    return _at_peak(_ring(rate_hz, modes, length_ms), peak_level)


def string_modes(pitch_hz: float) -> list[Mode]:
    """The modes of a string plucked at about a fifth of its length.

    A string plucked at the share p of its length has partials in proportion to sin(n*pi*p)/n^2 in
    displacement, so to sin(n*pi*p)/n in the velocity that is heard; stiffness raises
    partial n by sqrt(1 + B*n^2) (Fletcher and Rossing, chapter 2). High partials die sooner, and
    those above 6 kHz are left out.
    """
    modes = []
    for n in range(1, _STRING_PARTIALS + 1):
        frequency_hz = n * pitch_hz * float(np.sqrt(1 + _STRING_STIFFNESS * n * n))
        if frequency_hz > _STRING_MOST_HZ:
            break
        decay_ms = _STRING_DECAY_MS * (_STRING_DECAY_HZ / pitch_hz) ** 0.5 / (1 + 0.35 * (n - 1))
        modes.append((frequency_hz, abs(float(np.sin(n * np.pi * _PLUCKED_AT))) / n, decay_ms))
    return modes


def arpeggio(
    rate_hz: float,
    pitches_hz: Sequence[float],
    apart_ms: float,
    length_ms: float,
    peak_level: float = 1.0,
) -> Samples:
    """Strings plucked one after another, `apart_ms` apart, shape (n,); later ones are softer."""
    wave = np.zeros(round(rate_hz * length_ms / MS_PER_S))
    for number, pitch_hz in enumerate(pitches_hz):
        begin_ms = number * apart_ms
        string = _ring(rate_hz, string_modes(pitch_hz), length_ms - begin_ms, _LONG_RELEASE_MS)
        wave[wave.size - string.size :] += 0.93**number * string
    return _at_peak(wave, peak_level)


def rising_level(given_count: int) -> float:
    """The share of the volume, 1/3 to 1, for the cue that follows `given_count` others.

    A patient never meets the full volume first: it rises evenly over the first ten cues.
    """
    return min(1.0, FIRST_LEVEL + (1.0 - FIRST_LEVEL) * given_count / (_RISE_CUES - 1))


def _ring(
    rate_hz: float, modes: Sequence[Mode], length_ms: float, release_ms: float = _RELEASE_MS
) -> npt.NDArray[np.float64]:
    length_frames = round(rate_hz * length_ms / MS_PER_S)
    rows = np.arange(0, length_frames, _ROW_FRAMES)
    wave = np.zeros((rows.size, _ROW_FRAMES))
    for frequency_hz, level, decay_ms in modes:
        # A complex power holds both turn and decay; as rows times columns it needs few of them.
        turn = (2j * np.pi * frequency_hz - MS_PER_S / decay_ms) / rate_hz
        row = np.exp(turn * rows).astype(np.complex64)
        column = (level * np.exp(turn * np.arange(_ROW_FRAMES))).astype(np.complex64)
        wave += np.multiply.outer(row, column).imag
    wave = wave.reshape(-1)[:length_frames]
    release_frames = round(rate_hz * release_ms / MS_PER_S)
    wave[-release_frames:] *= 0.5 * (1 + np.cos(np.pi * np.linspace(0, 1, release_frames)))
    return wave


def _at_peak(wave: npt.NDArray[np.float64], peak_level: float) -> Samples:
    samples: Samples = (wave * (peak_level / np.abs(wave).max())).astype(np.float32)
    return samples
