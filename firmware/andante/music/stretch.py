"""Tempo led along a map, by Rubber Band, and checked beat by beat.

Rubber Band's finer engine (R3) moves time and leaves pitch alone, but loses a little at every
change of tempo: 5 ms over 148 beats led from 72 to 50 a minute (measured with 3.1.2). A second
channel therefore goes through it with a pulse on every beat. Where those come out says how far
off it is; that error, smoothed over nine beats, is taken out by reading the music at slightly
moved places. These move by parts in ten thousand, far below what is heard as a change of pitch.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.cues.between import HALF_TAPS, MOST_FRAMES, read_between
from andante.errors import RecordingError
from andante.timebase import MS_PER_S

MOST_BEAT_ERROR_MS = 5.0
"""A recording any of whose beats is farther off than this is refused."""

_RUBBERBAND = "rubberband"
_PULSE_HZ = 2_000.0
_PULSE_SD_MS = 1.5
_PULSE_PEAK = 0.5
_LEAST_PULSE = 0.05
_SEARCH_MS = 40.0
_CENTRE_MS = 15.0
_SMOOTHED_BEATS = 9
_CHUNK_FRAMES = 256 * MOST_FRAMES

Seconds = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]


class Pilot:
    """The second channel: a short pulse centred on every beat of the recording."""

    def __init__(self, beats_s: Seconds, rate_hz: int) -> None:
        """`beats_s`: shape (n,), rising."""
        reach_frames = round(5 * _PULSE_SD_MS * rate_hz / MS_PER_S)
        times_s = np.arange(-reach_frames, reach_frames + 1) / rate_hz
        bell = np.exp(-0.5 * (times_s * MS_PER_S / _PULSE_SD_MS) ** 2)
        self._pulse = _PULSE_PEAK * bell * np.cos(2 * np.pi * _PULSE_HZ * times_s)
        self._first_frames = np.rint(beats_s * rate_hz).astype(np.int64) - reach_frames

    def block(self, first_frames: int, size: int) -> Samples:
        """Frames [first_frames, first_frames + size), shape (size,)."""
        out = np.zeros(size, dtype=np.float32)
        low = np.searchsorted(self._first_frames, first_frames - self._pulse.size)
        high = np.searchsorted(self._first_frames, first_frames + size)
        for pulse_frames in self._first_frames[low:high]:
            begin = max(0, int(pulse_frames) - first_frames)
            skip = max(0, first_frames - int(pulse_frames))
            count = max(0, min(size - begin, self._pulse.size - skip))
            out[begin : begin + count] += self._pulse[skip : skip + count]
        return out


def lead(read: Path, stretched: Path, recorded_s: Seconds, made_s: Seconds, rate_hz: int) -> None:
    """Stretch `read` (music and pilot) into `stretched` along the map of `tempo_map.tempo_map_s`.

    Raises RecordingError where Rubber Band is missing or fails.
    """
    tool = shutil.which(_RUBBERBAND)
    if tool is None:
        raise RecordingError(
            "Preparing a recording needs Rubber Band, which is not installed; install it with "
            "`apt install rubberband-cli`."
        )
    pairs = np.rint(np.column_stack((recorded_s, made_s)) * rate_hz).astype(np.int64)
    map_file = stretched.with_suffix(".txt")
    map_file.write_text("".join(f"{before} {after}\n" for before, after in pairs[1:]))
    done = subprocess.run(
        [
            *(tool, "--quiet", "--fine", "--timemap", str(map_file)),
            *("--duration", f"{made_s[-1]:.9f}", str(read), str(stretched)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not stretched.exists():
        reason = (done.stderr.strip().splitlines() or ["no reason"])[-1]
        raise RecordingError(f"Rubber Band could not change the tempo: {reason}.")


def beat_errors_s(stretched: Any, beats_s: Seconds) -> Seconds:
    """How late each beat came out, shape (n,), from the pilot of an open `soundfile.SoundFile`.

    A pulse is where the energy around its peak has its centre. Raises RecordingError where one
    did not come out at all.
    """
    rate_hz = stretched.samplerate
    nearest_s = float(np.diff(beats_s).min())
    search_frames = round(min(_SEARCH_MS / MS_PER_S, nearest_s / 3) * rate_hz)
    centre_frames = round(_CENTRE_MS / MS_PER_S * rate_hz)
    errors_s = np.zeros(beats_s.shape)
    for number, beat_s in enumerate(beats_s):
        first = max(0, round(float(beat_s) * rate_hz) - search_frames)
        last = min(stretched.frames, first + 2 * search_frames)
        stretched.seek(min(first, stretched.frames))
        pilot = stretched.read(max(0, last - first), dtype="float64", always_2d=True)[:, 1]
        if pilot.size == 0 or np.abs(pilot).max() < _LEAST_PULSE:
            raise RecordingError(
                f"Rubber Band lost the beat at {beat_s:.1f} s; give the recording as 48 kHz WAV."
            )
        peak = int(np.argmax(np.abs(pilot)))
        begin = max(0, peak - centre_frames)
        energy = pilot[begin : peak + centre_frames] ** 2
        centre = begin + float(np.sum(energy * np.arange(energy.size)) / np.sum(energy))
        errors_s[number] = (first + centre) / rate_hz - beat_s
    return errors_s


def smoothed(errors_s: Seconds) -> Seconds:
    """The median of nine beats around each, shape (n,); fewer near the ends."""
    half = _SMOOTHED_BEATS // 2
    return np.array(
        [np.median(errors_s[max(0, n - half) : n + half + 1]) for n in range(errors_s.size)]
    )


def corrected(
    stretched: Any, beats_s: Seconds, errors_s: Seconds, frames: range
) -> Iterator[Samples]:
    """These frames of the music of an open `soundfile.SoundFile`, its beats put right, in blocks.

    `errors_s`: how late each beat came out, shape (n,); between beats a straight line.
    """
    rate_hz = stretched.samplerate
    for first in frames[::_CHUNK_FRAMES]:
        size = min(_CHUNK_FRAMES, frames.stop - first)
        edges = np.append(np.arange(first, first + size, MOST_FRAMES), first + size)
        places = edges + np.interp(edges / rate_hz, beats_s, errors_s) * rate_hz
        begin = int(np.floor(places[0])) - HALF_TAPS
        music = _read(stretched, begin, int(np.ceil(places[-1])) + 2 * HALF_TAPS + 1)
        out = np.zeros(size, dtype=np.float32)
        for number in range(edges.size - 1):
            count = int(edges[number + 1] - edges[number])
            here = edges[number] - first
            skip = int(np.floor(places[number])) - HALF_TAPS + 1 - begin
            out[here : here + count] = read_between(
                music[skip : skip + count + 2 * HALF_TAPS - 1],
                count,
                places[number],
                places[number + 1],
            )
        yield out


def _read(wav: Any, begin: int, end: int) -> npt.NDArray[np.float64]:
    """The music of frames [begin, end), silence where there are none."""
    out = np.zeros(end - begin)
    first, last = min(max(begin, 0), wav.frames), min(max(end, 0), wav.frames)
    wav.seek(first)
    out[first - begin : last - begin] = wav.read(last - first, always_2d=True)[:, 0]
    return out
