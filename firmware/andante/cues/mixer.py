"""Clicks at their sample inside buffers of any size. Pure; safe in an audio callback.

Nothing here waits, and no array is allocated while mixing.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from andante.cues.sounds import Samples, rising_level
from andante.ports import Cue
from andante.timebase import MS_PER_S

LATE_BOUND_MS = 1.0
"""A cue whose frame has just gone is given at once if no later than this; else it is missed."""


@dataclass(frozen=True)
class Placement:
    """Where a cue went: it sounds from frame `frames`, or None where that frame had gone."""

    cue: Cue
    frames: int | None


class ClickMixer:
    """Holds cues until their buffer comes, and sounds until they have been played."""

    def __init__(self, sounds: Mapping[str, Samples], rate_hz: float) -> None:
        """`sounds`: samples by the name that a cue carries, at full volume."""
        self._sounds = dict(sounds)
        self._late_frames = round(rate_hz * LATE_BOUND_MS / MS_PER_S)
        self._waiting: list[tuple[int, int, Cue]] = []
        self._order = 0
        self._playing: list[tuple[int, float, Samples]] = []
        self._given_count = 0
        self._fading = False
        self._scratch = np.zeros(max(s.size for s in self._sounds.values()), dtype=np.float32)

    def add(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError where it asks for a sound that there is not."""
        if cue.sound not in self._sounds:
            raise ValueError(f"cue {cue.index} asks for the unknown sound {cue.sound!r}")
        self._order += 1
        heapq.heappush(self._waiting, (cue.planned_ns, self._order, cue))

    def cancel(self) -> list[Cue]:
        """Withdraw and return every cue that has not begun."""
        withdrawn = [cue for _, _, cue in sorted(self._waiting)]
        self._waiting.clear()
        return withdrawn

    def fade_out(self) -> None:
        """Let what is playing end within the next buffer."""
        self._fading = True

    def mix(
        self, out: Samples, first_frames: int, frames_at: Callable[[int], float]
    ) -> list[Placement]:
        """Fill `out`, shape (n,), with the sound of frames [first_frames, first_frames + n).

        `frames_at` maps session time to frames, which is asked as late as this so that the
        answer is fresh. Returns what became of the cues whose turn came, in order of time.
        """
        out.fill(0.0)
        end_frames = first_frames + out.size
        placements: list[Placement] = []
        while self._waiting:
            frames = round(frames_at(self._waiting[0][0]))
            if frames >= end_frames:
                break
            cue = heapq.heappop(self._waiting)[2]
            if frames < first_frames - self._late_frames:
                placements.append(Placement(cue, None))
                continue
            frames = max(frames, first_frames)
            self._playing.append((frames, rising_level(self._given_count), self._sounds[cue.sound]))
            self._given_count += 1
            placements.append(Placement(cue, frames))
        for start_frames, level, samples in self._playing:
            skip = max(0, first_frames - start_frames)
            begin = max(0, start_frames - first_frames)
            count = min(samples.size - skip, out.size - begin)
            part = np.multiply(samples[skip : skip + count], level, out=self._scratch[:count])
            out[begin : begin + count] += part
        if self._fading:
            out *= np.linspace(1.0, 0.0, out.size, dtype=np.float32)
            self._playing.clear()
            self._fading = False
        else:
            self._playing = [p for p in self._playing if p[0] + p[2].size > end_frames]
        return placements
