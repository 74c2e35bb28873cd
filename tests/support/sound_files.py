"""Real sound files in memory, as a therapist might send them."""

import io
from typing import Any

import numpy as np
import soundfile  # type: ignore[import-untyped]

RATE_HZ = 8_000
LENGTH_S = 7.0
BEATS = b"# my song\n0.5\tone\n1.25\ttwo\n2.0\n"


def sound_bytes(
    format: str = "FLAC",
    subtype: str | None = None,
    *,
    length_s: float = LENGTH_S,
    rate_hz: int = RATE_HZ,
    channels: int = 1,
    silent: bool = False,
) -> bytes:
    """A held tone, as a whole file."""
    times_s = np.arange(round(length_s * rate_hz)) / rate_hz
    tone = np.zeros(times_s.shape) if silent else 0.3 * np.sin(2 * np.pi * 220 * times_s)
    return written(np.tile(tone[:, None], channels), rate_hz, format, subtype)


def written(samples: Any, rate_hz: int, format: str, subtype: str | None = None) -> bytes:
    """Samples, shape (n, channels), as a whole file."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate_hz, format=format, subtype=subtype)
    return out.getvalue()
