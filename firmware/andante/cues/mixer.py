"""Every cue's sound at its sample, inside buffers of any size. Pure; safe in an audio callback.

Nothing here waits, and nothing but small arrays of a constant size is allocated while mixing.
What is added up goes through a soft limiter: below 0.75 of the set volume it leaves every sample
alone, above that it bends it, along a curve without a corner, towards the set volume, which no
sample exceeds however many sounds meet. It has no memory and no delay, so it cannot click, pump or
shift a beat; loud overlaps are coloured slightly instead.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from andante.cues.breath_line import CANCEL_MS, BreathLine, FramesAt
from andante.cues.sounds import Samples, Sound, Strum, rising_level
from andante.cues.track import Track, TrackLine
from andante.errors import OutputError
from andante.ports import BREATH_KINDS, TRACK_BEAT, TRACK_PREFIX, Cue
from andante.timebase import MS_PER_S

LATE_BOUND_MS = 1.0
"""A cue whose frame has just gone is given at once if no later than this; else it is missed."""
LIMITER_KNEE = 0.75

_USUAL_BUFFER_FRAMES = 4_096


@dataclass(frozen=True)
class Placement:
    """Where a cue went: it sounds from frame `frames`, or None where that frame had gone."""

    cue: Cue
    frames: int | None


class SoundMixer:
    """Holds cues until their buffer comes, and sounds until they have been played.

    A cue begins at its sample, `at_once` cues at the first sample of the buffer being filled. A
    breath sound follows its cue's share; a part of a breath that comes late joins in.
    """

    def __init__(
        self,
        sounds: Mapping[str, Sound],
        rate_hz: float,
        volume_share: float = 1.0,
        tracks: Mapping[str, Track] | None = None,
    ) -> None:
        """`sounds`: by the name that a cue carries, 1.0 in them being the volume; `tracks` too.

        `volume_share`: what no sample will exceed, 0-1 of full scale. Raises OutputError for a
        track that was prepared for another rate.
        """
        for track in (tracks or {}).values():
            if track.rate_hz != rate_hz:
                raise OutputError(
                    f"The recording {track.path} was prepared for {track.rate_hz} Hz, but the "
                    f"sound device runs at {rate_hz:.0f} Hz; choose another sound device."
                )
            track.read_ahead(0)
        self._shots = {n: s for n, s in sounds.items() if isinstance(s, np.ndarray | Strum)}
        self._breaths = {
            name: BreathLine(sound, rate_hz)
            for name, sound in sounds.items()
            if not isinstance(sound, np.ndarray | Strum)
        }
        self._tracks = {TRACK_PREFIX + name: track for name, track in (tracks or {}).items()}
        self._volume_share = volume_share
        self._late_frames = round(rate_hz * LATE_BOUND_MS / MS_PER_S)
        fall_frames = round(rate_hz * CANCEL_MS / MS_PER_S)
        turn = np.linspace(0.0, np.pi, fall_frames, endpoint=False)
        self._fall = (0.5 + 0.5 * np.cos(turn)).astype(np.float32)
        self._waiting: list[tuple[int, int, Cue]] = []
        self._order = 0
        self._playing: list[_Playing] = []
        self._track_lines: list[TrackLine] = []
        self._given_count = 0
        self._cancelled = False
        self._fading = False
        self._scratch = np.zeros(_USUAL_BUFFER_FRAMES, dtype=np.float32)

    def add(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError where there is no such sound, or it cannot give this cue.

        A sound that follows a breath gives nothing but parts of a breath.
        """
        known = (self._shots, self._tracks, (TRACK_BEAT,))
        if cue.sound in self._breaths:
            if cue.kind not in BREATH_KINDS:
                raise ValueError(f"cue {cue.index}: {cue.sound!r} can only follow a breath")
        elif not any(cue.sound in names for names in known):
            raise ValueError(f"cue {cue.index} asks for the unknown sound {cue.sound!r}")
        self._order += 1
        heapq.heappush(self._waiting, (_due_ns(cue), self._order, cue))

    def cancel(self) -> list[Cue]:
        """Withdraw and return every cue not begun. What sounds ends within CANCEL_MS."""
        withdrawn = [cue for _, _, cue in sorted(self._waiting)]
        self._waiting.clear()
        self._cancelled = True
        return withdrawn

    def fade_out(self) -> None:
        """Let what is playing end within the next buffer."""
        self._fading = True

    def read_ahead(self) -> None:
        """Have the next seconds of recordings in memory; for an ordinary thread, each second."""
        for line in list(self._track_lines):
            line.read_ahead()
        for _, _, cue in list(self._waiting):
            if cue.sound in self._tracks:
                TrackLine(self._tracks[cue.sound], cue).read_ahead()

    def mix(self, out: Samples, first_frames: int, frames_at: FramesAt) -> list[Placement]:
        """Fill `out`, shape (n,), with the sound of frames [first_frames, first_frames + n).

        `frames_at` maps session time to frames, which is asked as late as this so that the
        answer is fresh. Returns what became of the cues whose turn came, in order of time.
        """
        if self._scratch.size < out.size:
            self._scratch = np.zeros(out.size, dtype=np.float32)
        if self._cancelled:
            self._release(first_frames)
        out.fill(0.0)
        end_frames = first_frames + out.size
        placements: list[Placement] = []
        while self._waiting:
            cue = self._waiting[0][2]
            frames = first_frames if cue.at_once else round(frames_at(cue.planned_ns))
            if frames >= end_frames:
                break
            heapq.heappop(self._waiting)
            placements.append(self._begin(cue, frames, first_frames, frames_at))
        for playing in self._playing:
            playing.add_to(out, first_frames, self._fall, self._scratch)
        self._playing = [p for p in self._playing if p.end_frames > end_frames]
        for line in self._breaths.values():
            if line.sounding:
                line.add_to(out, first_frames, frames_at)
        for track_line in self._track_lines:
            track_line.add_to(out, first_frames, frames_at)
        self._track_lines = [t for t in self._track_lines if not t.over]
        self._limit(out)
        if self._fading:
            out *= np.linspace(1.0, 0.0, out.size, dtype=np.float32)
            self._forget()
        return placements

    # --- beginnings and ends ------------------------------------------------------------

    def _begin(self, cue: Cue, frames: int, first_frames: int, frames_at: FramesAt) -> Placement:
        joins = cue.sound in self._breaths and frames_at(cue.end_ns) > first_frames
        if frames < first_frames - self._late_frames and not joins:
            return Placement(cue, None)
        if cue.sound == TRACK_BEAT:
            return Placement(cue, frames if self._track_lines else None)
        frames = max(frames, first_frames)
        level = cue.level * rising_level(self._given_count)
        self._given_count += 1
        if cue.sound in self._breaths:
            for name, line in self._breaths.items():
                if name != cue.sound and line.sounding:
                    line.release()
            self._breaths[cue.sound].begin(frames, cue, level)
        elif cue.sound in self._tracks:
            for track_line in self._track_lines:
                track_line.release()
            self._track_lines.append(TrackLine(self._tracks[cue.sound], cue))
        else:
            sound = self._shots[cue.sound]
            samples = sound.shot_for(cue.kind) if isinstance(sound, Strum) else sound
            if samples is not None:
                self._playing.append(_Playing(frames, level, samples))
        return Placement(cue, frames)

    def _release(self, first_frames: int) -> None:
        self._cancelled = False
        for playing in self._playing:
            playing.release(first_frames, self._fall.size)
        for line in self._breaths.values():
            line.release()
        for track_line in self._track_lines:
            track_line.release()

    def _forget(self) -> None:
        self._fading = False
        self._playing.clear()
        self._track_lines.clear()
        for line in self._breaths.values():
            line.silence()

    def _limit(self, out: Samples) -> None:
        size, rest = self._scratch[: out.size], 1.0 - LIMITER_KNEE
        np.abs(out, out=size)
        if size.max() > LIMITER_KNEE:
            size -= LIMITER_KNEE
            np.maximum(size, 0.0, out=size)
            size /= rest
            np.tanh(size, out=size)
            size *= rest
            np.copysign(size, out, out=size)
            np.clip(out, -LIMITER_KNEE, LIMITER_KNEE, out=out)
            out += size
        out *= self._volume_share


class _Playing:
    """One sound under way."""

    def __init__(self, start_frames: int, level: float, samples: Samples) -> None:
        self._start_frames = start_frames
        self._level = level
        self._samples = samples
        self._fall_frames: int | None = None
        self.end_frames = start_frames + samples.size

    def release(self, from_frames: int, fall_frames: int) -> None:
        """Fall silent from `from_frames` on."""
        if self._fall_frames is None:
            self._fall_frames = from_frames
            self.end_frames = min(self.end_frames, from_frames + fall_frames)

    def add_to(self, out: Samples, first_frames: int, fall: Samples, scratch: Samples) -> None:
        begin = max(self._start_frames, first_frames)
        end = min(self.end_frames, first_frames + out.size)
        if begin >= end:
            return
        skip = begin - self._start_frames
        part = scratch[: end - begin]
        np.multiply(self._samples[skip : skip + end - begin], self._level, out=part)
        if self._fall_frames is not None:
            part *= fall[begin - self._fall_frames : end - self._fall_frames]
        out[begin - first_frames : end - first_frames] += part


def _due_ns(cue: Cue) -> int:
    """The order of cues: those at once come first."""
    return -1 if cue.at_once else cue.planned_ns
