"""A prepared recording, played from a file so that its beats stay on session time.

The sound device's crystal and session time differ by up to some hundred ppm, so a recording
played sample by sample would leave its beats behind by milliseconds a minute. Here the place in
the recording follows from session time for every stretch, and is read between samples.
"""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.cues.between import HALF_TAPS, needed, read_between
from andante.cues.breath_line import CANCEL_MS, FramesAt
from andante.cues.sounds import FIRST_LEVEL, Samples
from andante.cues.sounds.breath import STRETCH_FRAMES, ramp_into
from andante.errors import OutputError
from andante.ports import Cue
from andante.timebase import MS_PER_S, NS_PER_S

START_MS = 50.0
"""How long a recording takes to be heard where it starts in its middle."""
RISE_S = 10.0
"""How long it takes from a third of its volume to the whole."""
READ_AHEAD_S = 5
CATCH_UP = 1e-3
"""At most how far from its own speed a recording is played to make up for a jump of the device's
clock: 1.7 cents, which nobody hears as a change of pitch."""

_FULL_SCALE = 32_768.0


class Track:
    """A prepared recording: WAV, one channel, 16 bits. Its samples stay in the file.

    The system reads them as they are needed; `read_ahead`, called from an ordinary thread now and
    then, sees to it that the audio callback never waits for a disk.
    """

    def __init__(self, path: Path) -> None:
        """Open the file. Raises OutputError, in one sentence, where it is not a prepared one."""
        self.path = path
        try:
            with path.open("rb") as file, wave.open(file, "rb") as wav:
                shape = (wav.getnchannels(), wav.getsampwidth())
                self.rate_hz, frame_count = wav.getframerate(), wav.getnframes()
                offset = file.tell()
        except OSError as error:
            raise OutputError(
                f"The prepared recording {path} cannot be opened ({error.strerror}); prepare it "
                "again."
            ) from None
        except (wave.Error, EOFError):
            shape, frame_count, offset = (0, 0), 0, 0
        if shape != (1, 2) or frame_count == 0:
            raise OutputError(
                f"{path} is not a prepared recording (WAV, one channel, 16 bits); make one with "
                "`andante prepare`."
            )
        try:
            self.samples: npt.NDArray[np.int16] = np.memmap(
                path, dtype="<i2", mode="r", offset=offset, shape=(frame_count,)
            )
        except ValueError:
            raise OutputError(
                f"The prepared recording {path} is cut off; prepare it again."
            ) from None

    @property
    def duration_s(self) -> float:
        """Its length."""
        return self.samples.size / self.rate_hz

    def read_ahead(self, from_frames: int) -> None:
        """Have the next seconds in memory. Reads one sample of each page of the file."""
        begin = max(0, from_frames)
        self.samples[begin : begin + READ_AHEAD_S * self.rate_hz : 2_048].max(initial=0)


class TrackLine:
    """One track being played, from its cue's time on. Safe in an audio callback."""

    def __init__(self, track: Track, cue: Cue) -> None:
        """`cue.begin_share`: the share of the track at which to start.

        A cue with a length ends the track there, one without lets it play to its end.
        """
        self.cue = cue
        self._track = track
        self._begin_at = cue.begin_share * track.samples.size
        self._next_at: float | None = None  # the place in the track that comes next
        self._edge = 1.0 if cue.begin_share == 0.0 else 0.0
        self._edge_aim, self._edge_ms = 1.0, START_MS
        self._played_frames = 0
        self._frames = np.arange(STRETCH_FRAMES, dtype=np.float64)
        self._ramp = np.zeros(STRETCH_FRAMES)
        self._heard = np.zeros(STRETCH_FRAMES + 2 * HALF_TAPS)

    @property
    def over(self) -> bool:
        """True when nothing more will be heard."""
        played_out = self._next_at is not None and self._next_at > self._track.samples.size
        return played_out or (self._edge_aim == 0.0 and self._edge == 0.0)

    def release(self, fade_ms: float = CANCEL_MS) -> None:
        """End within `fade_ms`."""
        self._edge_aim, self._edge_ms = 0.0, fade_ms

    def read_ahead(self) -> None:
        """Have the next seconds in memory; for an ordinary thread."""
        self._track.read_ahead(int(self._begin_at if self._next_at is None else self._next_at))

    def add_to(self, out: Samples, first_frames: int, frames_at: FramesAt) -> None:
        """Add the sound of frames [first_frames, first_frames + n) to `out`, shape (n,)."""
        zero_frames = frames_at(self.cue.planned_ns)
        speed = self._track.rate_hz / (frames_at(self.cue.planned_ns + NS_PER_S) - zero_frames)
        done = max(0, round(zero_frames) - first_frames)
        while done < out.size and not self.over:
            here = first_frames + done
            size = min(STRETCH_FRAMES, out.size - done)
            if self.cue.duration_ns > 0 and here >= frames_at(self.cue.end_ns):
                self.release(START_MS)
            asked_at = self._begin_at + (here - zero_frames) * speed
            begin_at = asked_at if self._next_at is None else self._next_at
            to_go = asked_at + size * speed - begin_at
            slowest, fastest = size * speed * (1 - CATCH_UP), size * speed * (1 + CATCH_UP)
            self._next_at = begin_at + min(fastest, max(slowest, to_go))
            self._add_stretch(out[done : done + size], begin_at, self._next_at)
            done += size

    def _add_stretch(self, out: Samples, begin_at: float, end_at: float) -> None:
        size = out.size
        ramp = self._ramp[:size]
        first, count = needed(begin_at, size)
        played = read_between(self._fetch(first, count), size, begin_at, end_at)
        begin_gain, end_gain = self._step_gain(size)
        ramp_into(ramp, self._frames, begin_gain, end_gain)
        played *= ramp
        out += played

    def _step_gain(self, size: int) -> tuple[float, float]:
        """The gain at the beginning and at the end of the next `size` frames."""
        begin = self._edge * self._rise
        step = size / self._track.rate_hz * MS_PER_S / self._edge_ms
        self._edge += min(step, max(-step, self._edge_aim - self._edge))
        self._played_frames += size
        return self.cue.level * begin, self.cue.level * self._edge * self._rise

    @property
    def _rise(self) -> float:
        risen = min(1.0, self._played_frames / (RISE_S * self._track.rate_hz))
        return FIRST_LEVEL + (1.0 - FIRST_LEVEL) * risen

    def _fetch(self, first: int, size: int) -> npt.NDArray[np.float64]:
        """Samples [first, first + size) of the track; silence before and after it."""
        heard, samples = self._heard[:size], self._track.samples
        begin, end = min(max(first, 0), samples.size), min(max(first + size, 0), samples.size)
        heard[: begin - first] = 0.0
        heard[end - first :] = 0.0
        np.multiply(samples[begin:end], 1 / _FULL_SCALE, out=heard[begin - first : end - first])
        return heard
