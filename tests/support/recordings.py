"""Synthetic recordings with known beats, and where those are heard."""

import importlib.util
import shutil
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from andante.cues.sounds import make_sounds

Floats = npt.NDArray[np.float64]


def why_no_preparing() -> str | None:
    """What is missing for preparing recordings, in words, or None."""
    if shutil.which("rubberband") is None:
        return "preparing recordings needs rubberband (rubberband-cli)"
    if find_library("ebur128") is None:
        return "preparing recordings needs libebur128 (libebur128-1)"
    missing = [name for name in ("soundfile", "soxr") if importlib.util.find_spec(name) is None]
    return f"preparing recordings needs {' and '.join(missing)}" if missing else None


needs_preparing = pytest.mark.skipif(
    why_no_preparing() is not None, reason=why_no_preparing() or "nothing is missing"
)


def knocks(beats_s: Floats, duration_s: float, rate_hz: int, chord: bool = False) -> Floats:
    """A wood block on every beat, shape (n,); over a held chord and noise where `chord`."""
    times_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    out = np.zeros(times_s.shape)
    if chord:
        noise = np.random.default_rng(3).standard_normal(times_s.size)
        for pitch_hz in (220.0, 277.2, 329.6):
            out += 0.06 * np.sin(2 * np.pi * pitch_hz * times_s)
        out += 0.003 * noise
    knock = make_sounds(rate_hz, ["wood"])["wood"]
    assert isinstance(knock, np.ndarray)
    for beat_s in beats_s:
        first = round(float(beat_s) * rate_hz)
        out[first : first + knock.size] += 0.6 * knock[: out.size - first]
    return out


def knock_times_s(samples: Floats, rate_hz: int, near_s: Floats) -> Floats:
    """When each knock is heard, shape (m,): half of its rise above 1.5 kHz, within 0.1 s."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(samples.size, 1 / rate_hz) < 1_500.0] = 0.0
    width = round(0.001 * rate_hz)
    energy = np.convolve(np.fft.irfft(spectrum, samples.size) ** 2, np.ones(width) / width, "same")
    found = []
    for time_s in near_s:
        first = max(0, round((float(time_s) - 0.1) * rate_hz))
        part = energy[first : first + round(0.2 * rate_hz)]
        peak = int(np.argmax(part))
        rise = part[max(0, peak - round(0.02 * rate_hz)) : peak + 1]
        at = peak - rise.size + 1 + int(np.argmax(rise > 0.25 * part[peak]))
        found.append((first + at) / rate_hz)
    return np.array(found)


def write_text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
