"""One breath sound led along the parts of a breath, to the sample. Safe in an audio callback."""

from collections.abc import Callable

from andante.cues.sounds import BreathSound, BreathState, Samples
from andante.cues.sounds.breath import STRETCH_FRAMES
from andante.ports import Cue, CueKind, breath_level
from andante.timebase import MS_PER_S

FramesAt = Callable[[int], float]
"""The frame, not rounded, at which a session time in ns is heard."""

TAKE_OVER_MS = 80.0
"""How long one side of a breath takes to give way to the other, and how long it takes to start."""
FADE_MS = 400.0
"""How long a breath sound that no other part follows takes to end."""
CANCEL_MS = 30.0
"""How long it takes to end when its cues are withdrawn."""
_HOLD_LEVEL = 0.3


class BreathLine:
    """Plays a breath sound: takes the parts of breaths in order and gives sound to every sample.

    How full the breath is follows `Cue.share_at` exactly. Where a part does not begin where the
    one before it had got to (the exercise was changed in mid-breath), the difference is made up
    for within TAKE_OVER_MS. Holding in keeps the inhaling side on, softly; holding out is silent.
    """

    def __init__(self, sound: BreathSound, rate_hz: float) -> None:
        self._sound = sound
        self._rate_hz = rate_hz
        self._cue: Cue | None = None
        self._level = 0.0  # what the cue may have of the volume
        self._coming: list[tuple[int, Cue, float]] = []
        self._state = BreathState(0.0, 0.0, 0.0)
        self._apart = 0.0  # fullness shown less fullness asked for
        self._fade_ms = FADE_MS

    @property
    def sounding(self) -> bool:
        """True while there is something to hear or to come."""
        return bool(self._coming) or self._cue is not None or self._audible

    def begin(self, frames: int, cue: Cue, level: float) -> None:
        """The part of a breath `cue` begins at `frames`, at `level` of the volume, 0-1."""
        self._coming.append((frames, cue, level))

    def release(self, fade_ms: float = CANCEL_MS) -> None:
        """End what sounds within `fade_ms`, and forget what has not begun."""
        self._coming.clear()
        self._cue = None
        self._fade_ms = fade_ms

    def silence(self) -> None:
        """Nothing sounds any more: the end has been faded from outside."""
        self.release()
        self._state = BreathState(self._state.fullness, 0.0, 0.0)

    def add_to(self, out: Samples, first_frames: int, frames_at: FramesAt) -> None:
        """Add the sound of frames [first_frames, first_frames + n) to `out`, shape (n,)."""
        done = 0
        while done < out.size:
            here = first_frames + done
            while self._coming and self._coming[0][0] <= here:
                self._take_over(*self._coming.pop(0), frames_at)
            size = min(STRETCH_FRAMES, out.size - done)
            if self._coming:
                size = min(size, self._coming[0][0] - here)
            if self._cue is not None:
                # Not a sample of sound beyond the part's end, unless another follows.
                size = min(size, max(1, round(frames_at(self._cue.end_ns)) - here))
            end = self._state_at(here + size, size, frames_at)
            if self._audible or end.inhale > 0 or end.exhale > 0:
                self._sound.add_to(out[done : done + size], self._state, end)
            self._state = end
            done += size

    @property
    def _audible(self) -> bool:
        return self._state.inhale > 0 or self._state.exhale > 0

    def _take_over(self, frames: int, cue: Cue, level: float, frames_at: FramesAt) -> None:
        self._cue, self._level, self._fade_ms = cue, level, FADE_MS
        asked = _fullness_at(cue, frames, frames_at)
        # What is silent may begin anywhere; what sounds glides there.
        self._apart = self._state.fullness - asked if self._audible else 0.0

    def _state_at(self, frames: int, passed_frames: int, frames_at: FramesAt) -> BreathState:
        passed_ms = passed_frames * MS_PER_S / self._rate_hz
        cue, before = self._cue, self._state
        fullness, inhale, exhale, glide_ms = before.fullness, 0.0, 0.0, self._fade_ms
        if cue is not None:
            self._apart = _towards(self._apart, 0.0, passed_ms / TAKE_OVER_MS)
            fullness = _fullness_at(cue, frames, frames_at) + self._apart
            if frames >= round(frames_at(cue.end_ns)):
                self._cue = None  # another may follow at this very sample, and takes over then
            glide_ms = TAKE_OVER_MS
            inhale, exhale = _sides(cue.kind)
        step = passed_ms / glide_ms
        return BreathState(
            fullness,
            _towards(before.inhale, inhale * self._level, step),
            _towards(before.exhale, exhale * self._level, step),
        )


def _sides(kind: CueKind) -> tuple[float, float]:
    if kind is CueKind.INHALE:
        return 1.0, 0.0
    if kind is CueKind.EXHALE:
        return 0.0, 1.0
    return (_HOLD_LEVEL, 0.0) if kind is CueKind.HOLD_IN else (0.0, 0.0)


def _fullness_at(cue: Cue, frames: int, frames_at: FramesAt) -> float:
    begin_frames, end_frames = frames_at(cue.planned_ns), frames_at(cue.end_ns)
    passed = (frames - begin_frames) / (end_frames - begin_frames) if cue.duration_ns > 0 else 1.0
    return breath_level(cue.kind, cue.share_at(cue.planned_ns + round(passed * cue.duration_ns)))


def _towards(value: float, aim: float, most: float) -> float:
    return min(aim, value + most) if value < aim else max(aim, value - most)
