"""Sounds that follow a breath for as long as it lasts: two tones, and the sea. Pure; numpy only.

They are given as short stretches of at most `STRETCH_FRAMES`, each going evenly from one
`BreathState` to the next, so that nothing in them ever jumps. They keep their own phase, and
allocate nothing while sounding.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from andante.cues.sounds.shots import Samples

STRETCH_FRAMES = 256

_SEMITONES_PER_OCTAVE = 12.0
_INHALE_TONE_HZ = 220.0  # A3, rising
_EXHALE_TONE_HZ = 164.81  # E3, falling to it
_TONE_RISE_SEMITONES = 5.0
_TONE_PARTIALS = (1.0, 0.35, 0.12)
_TONE_LEVEL = 0.105

_SEA_LOOP_S = 8
_SEA_SEED = 20
_SEA_SLOPE = 0.75  # of the spectrum's level with frequency, below and above its middle
_SWELL_HZ = 350.0
_WASH_HZ = 900.0
_SEA_FLOOR = 0.12
_SWELL_LEVEL = 0.075
_WASH_LEVEL = 0.065


@dataclass(frozen=True)
class BreathState:
    """Where a breath sound is at one sample.

    `fullness`: how full the breath is, 0-1 (`ports.breath_level`). `inhale`, `exhale`: how loud
    each side sounds, 0-1; both during the short crossfade from one to the other.
    """

    fullness: float
    inhale: float
    exhale: float


class BreathSound(Protocol):
    """A sound with a side for breathing in and one for breathing out."""

    def add_to(self, out: Samples, begin: BreathState, end: BreathState) -> None:
        """Add the next stretch to `out`, shape (n,), n <= STRETCH_FRAMES."""
        ...


class TwoTone:
    """A soft tone that rises while breathing in; another, lower one that falls while out."""

    def __init__(self, rate_hz: float) -> None:
        """Soft tones for a stream at `rate_hz`."""
        self._sides = (_Tone(rate_hz, _INHALE_TONE_HZ), _Tone(rate_hz, _EXHALE_TONE_HZ))

    def add_to(self, out: Samples, begin: BreathState, end: BreathState) -> None:
        """Add the next stretch to `out`, shape (n,), n <= STRETCH_FRAMES."""
        inhale, exhale = self._sides
        inhale.add_to(out, begin.fullness, end.fullness, begin.inhale, end.inhale)
        exhale.add_to(out, begin.fullness, end.fullness, begin.exhale, end.exhale)


class _Tone:
    """One gliding tone; its phase is summed up, so a change of pitch never jumps."""

    def __init__(self, rate_hz: float, low_hz: float) -> None:
        self._rate_hz = rate_hz
        self._low_hz = low_hz
        self._phase_rad = 0.0
        self._frames = np.arange(STRETCH_FRAMES, dtype=np.float64)
        self._squares = self._frames**2
        self._phases_rad = np.zeros(STRETCH_FRAMES)
        self._wave = np.zeros(STRETCH_FRAMES)
        self._part = np.zeros(STRETCH_FRAMES)

    def add_to(
        self, out: Samples, low: float, high: float, begin_level: float, end_level: float
    ) -> None:
        """Glide from fullness `low` to `high` while the level goes from begin to end."""
        size = out.size
        begin_rad, end_rad = self._step_rad(low), self._step_rad(high)
        bend_rad = (end_rad - begin_rad) / (2 * size)
        if begin_level > 0 or end_level > 0:
            phases_rad, wave, part = self._phases_rad[:size], self._wave[:size], self._part[:size]
            np.multiply(self._squares[:size], bend_rad, out=phases_rad)
            np.multiply(self._frames[:size], begin_rad, out=part)
            phases_rad += part
            phases_rad += self._phase_rad
            wave.fill(0.0)
            for number, level in enumerate(_TONE_PARTIALS, start=1):
                np.multiply(phases_rad, number, out=part)
                np.sin(part, out=part)
                part *= level * _TONE_LEVEL
                wave += part
            ramp_into(part, self._frames, begin_level, end_level)
            wave *= part
            out += wave
        self._phase_rad = (self._phase_rad + size * (begin_rad + end_rad) / 2) % (2 * np.pi)

    def _step_rad(self, fullness: float) -> float:
        semitones = _TONE_RISE_SEMITONES * fullness
        pitch_hz: float = self._low_hz * 2.0 ** (semitones / _SEMITONES_PER_OCTAVE)
        return 2 * np.pi * pitch_hz / self._rate_hz


class Sea:
    """A wave that swells while breathing in and washes back, brighter, while breathing out."""

    def __init__(self, rate_hz: float) -> None:
        """Noise shaped for a stream at `rate_hz`."""
        noise = np.random.default_rng(_SEA_SEED)
        size = round(rate_hz * _SEA_LOOP_S)
        self._swell = _Loop(_shaped_noise(noise, size, rate_hz, _SWELL_HZ) * _SWELL_LEVEL)
        self._wash = _Loop(_shaped_noise(noise, size, rate_hz, _WASH_HZ) * _WASH_LEVEL)

    def add_to(self, out: Samples, begin: BreathState, end: BreathState) -> None:
        """Add the next stretch to `out`, shape (n,), n <= STRETCH_FRAMES."""
        begin_level, end_level = _sea_level(begin.fullness), _sea_level(end.fullness)
        self._swell.add_to(out, begin_level * begin.inhale, end_level * end.inhale)
        self._wash.add_to(out, begin_level * begin.exhale, end_level * end.exhale)


class _Loop:
    """Noise that goes round without a seam."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._at_frames = 0
        self._frames = np.arange(STRETCH_FRAMES, dtype=np.float64)
        self._levels = np.zeros(STRETCH_FRAMES)
        self._part = np.zeros(STRETCH_FRAMES)

    def add_to(self, out: Samples, begin_level: float, end_level: float) -> None:
        size, at = out.size, self._at_frames
        first = min(size, self._samples.size - at)
        if begin_level > 0 or end_level > 0:
            part, levels = self._part[:size], self._levels[:size]
            part[:first] = self._samples[at : at + first]
            part[first:] = self._samples[: size - first]
            ramp_into(levels, self._frames, begin_level, end_level)
            part *= levels
            out += part
        self._at_frames = (at + size) % self._samples.size


def ramp_into(
    out: npt.NDArray[np.float64], frames: npt.NDArray[np.float64], begin: float, end: float
) -> None:
    """Fill `out`, shape (n,), with a straight line from `begin` that would reach `end` at n.

    `frames`: 0, 1, 2, … at least n of them.
    """
    np.multiply(frames[: out.size], (end - begin) / out.size, out=out)
    out += begin


def _sea_level(fullness: float) -> float:
    return _SEA_FLOOR + (1.0 - _SEA_FLOOR) * fullness


def _shaped_noise(
    noise: np.random.Generator, size: int, rate_hz: float, middle_hz: float
) -> Samples:
    """Noise around `middle_hz`, RMS 1, made from its spectrum, so that its end fits its beginning.

    Random phases and a smooth spectrum that falls to both sides, in power as the 2 * 0.75-th
    power of frequency: between pink and brown noise above, as breaking waves are.
    """
    frequencies_hz = np.fft.rfftfreq(size, 1.0 / rate_hz)
    share = frequencies_hz / middle_hz
    shape = (share / (1.0 + share**2)) ** (2 * _SEA_SLOPE)
    spectrum = shape * np.exp(2j * np.pi * noise.random(frequencies_hz.size))
    wave = np.fft.irfft(spectrum, size)
    shaped: Samples = (wave / np.sqrt(np.mean(wave**2))).astype(np.float32)
    return shaped
