"""A breath to follow, whose rate may change without its phase ever jumping. Pure.

A breath is four parts: in, hold, out, hold. Within a part the phase goes evenly from 0 to 1. A
change in the middle of a part keeps the share of it that has passed and stretches or shortens what
is left.
"""

from dataclasses import dataclass

from andante.ports import Cue, CueKind
from andante.timebase import NS_PER_S, S_PER_MINUTE

_KINDS = (CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT)


@dataclass(frozen=True)
class BreathPattern:
    """How long the four parts of a breath last."""

    inhale_s: float
    hold_in_s: float
    exhale_s: float
    hold_out_s: float

    @property
    def parts_s(self) -> tuple[float, float, float, float]:
        """The four in order."""
        return (self.inhale_s, self.hold_in_s, self.exhale_s, self.hold_out_s)

    @property
    def cycle_s(self) -> float:
        """The whole breath."""
        return sum(self.parts_s)

    @property
    def rate_brpm(self) -> float:
        """Breaths a minute."""
        return S_PER_MINUTE / self.cycle_s

    def at_rate(self, rate_brpm: float) -> "BreathPattern":
        """The same proportions at another rate."""
        scale = S_PER_MINUTE / rate_brpm / self.cycle_s
        return BreathPattern(*(part_s * scale for part_s in self.parts_s))


class BreathPacer:
    """Hands out the parts of one breath after another, each once."""

    def __init__(self, start_ns: int, pattern: BreathPattern, first_index: int, sound: str) -> None:
        """The first breath begins at `start_ns`; cues are numbered from `first_index`."""
        self._pattern = pattern
        self._index = first_index
        self._sound = sound
        self._part = 0
        self._next_ns = float(start_ns)
        self._current: Cue | None = None
        self.breath_count = 0

    @property
    def pattern(self) -> BreathPattern:
        """As it is from the latest change on."""
        return self._pattern

    @property
    def next_index(self) -> int:
        """The number of the next cue."""
        return self._index

    @property
    def next_ns(self) -> int:
        """When the next part begins."""
        return round(self._next_ns)

    @property
    def part_ns(self) -> int:
        """When the part handed out last begins or began; that of the next one where there is
        none."""
        return self.next_ns if self._current is None else self._current.planned_ns

    @property
    def at_breath_start(self) -> bool:
        """True where the next part begins a breath: its pattern may still be changed freely."""
        return self._part == 0

    def set_pattern(self, pattern: BreathPattern, at_ns: int) -> Cue | None:
        """Go on by another pattern from `at_ns`, which must lie in the part handed out last or at
        its end.

        Answers the cue that takes over from that part, or None where the part is just over.
        Raises ValueError for a time before the part or after its end.
        """
        old, self._pattern = self._current, pattern
        if old is None or at_ns == round(self._next_ns):
            return None
        if not old.planned_ns <= at_ns < self._next_ns:
            raise ValueError("a change of rate must lie in the part of the breath under way")
        share = old.share_at(at_ns)
        left_ns = (1.0 - share) * pattern.parts_s[_KINDS.index(old.kind)] * NS_PER_S
        self._next_ns = at_ns + left_ns
        return self._cue(old.kind, at_ns, share)

    def take_next(self) -> Cue:
        """The next part that has any length."""
        while self._pattern.parts_s[self._part] <= 0:
            self._part = (self._part + 1) % len(_KINDS)
        start_ns = self._next_ns
        self._next_ns = start_ns + self._pattern.parts_s[self._part] * NS_PER_S
        cue = self._cue(_KINDS[self._part], round(start_ns), 0.0)
        self.breath_count += self._part == 0
        self._part = (self._part + 1) % len(_KINDS)
        while self._pattern.parts_s[self._part] <= 0:
            self._part = (self._part + 1) % len(_KINDS)
        return cue

    def _cue(self, kind: CueKind, start_ns: int, share: float) -> Cue:
        cue = Cue(
            index=self._index,
            planned_ns=start_ns,
            kind=kind,
            sound=self._sound,
            duration_ns=round(self._next_ns) - start_ns,
            begin_share=share,
        )
        self._index += 1
        self._current = cue
        return cue
