"""Taking turns at the drum: repeating what the device played, or playing for it to repeat."""

import numpy as np

from andante.ports import Channel, Cue, CueKind
from andante.simulated.patients.habits import Habits
from andante.simulated.patients.limbs import Limbs
from andante.simulated.patients.people import LimbedPatient
from andante.simulated.patients.truth import TrueResponse
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS

# All of these are our choice.
_EARLIEST_NS = -120 * NS_PER_MS  # against when the note is due
_FASTEST_TAP_NS = 120 * NS_PER_MS
_HELD_NS = 60 * NS_PER_MS
_PLAYED_SHARE = 0.6  # of the half beats of a bar of one's own


class _BarDrummer(LimbedPatient):
    """Plays notes whose times come from a bar that was counted in.

    Within a bar nothing corrects the timing, so that timekeeper noise adds up from note to note;
    motor noise does not.
    """

    def __init__(
        self,
        habits: Habits,
        tick_clock: TickClock,
        start_ns: int,
        end_ns: int,
        seed: int,
    ) -> None:
        """Plays in [start_ns, end_ns)."""
        super().__init__(Limbs(habits.limbs, tick_clock, start_ns, end_ns, seed), tick_clock)
        self._habits = habits
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed)
        self._late_ns = 0.0
        self._rests_until_ns = start_ns

    def _play(self, due_ns: int, cue_index: int | None, limb: Channel) -> None:
        habits = self._habits
        self._late_ns += self._random.normal(0.0, habits.timekeeper_sd_ms * NS_PER_MS)
        motor_ns = self._random.normal(0.0, habits.motor_sd_ms * NS_PER_MS)
        off_ns = habits.mean_asynchrony_ms * NS_PER_MS + self._late_ns + motor_ns
        time_ns = max(due_ns + round(max(off_ns, _EARLIEST_NS)), self._rests_until_ns)
        if time_ns >= self._end_ns:
            return
        self._rests_until_ns = time_ns + _FASTEST_TAP_NS
        self._limbs.press(limb, time_ns, _HELD_NS)
        asynchrony_ns = None if cue_index is None else time_ns - due_ns
        self.truth.append(TrueResponse(limb, time_ns, cue_index, asynchrony_ns))


class EchoDrummer(_BarDrummer):
    """Repeats the device's rhythm a bar later, and forgets a share of its notes.

    The `expected` cues stand for what was heard a bar before, at the tempo of the count-in.
    """

    def _hear(self, cue: Cue) -> None:
        if cue.kind is CueKind.NOTE:
            self._late_ns = 0.0  # the device's own notes give the time again
        elif (
            cue.kind is CueKind.EXPECTED
            and self._random.random() >= self._habits.forgets_percent / 100
        ):
            self._play(cue.planned_ns, cue.index, self._habits.limbs[0])

    def _live(self, until_ns: int) -> int:
        return until_ns


class MirrorDrummer(_BarDrummer):
    """Plays every second bar after the count-in, another rhythm on half beats each time, and lets
    the device repeat it."""

    def __init__(
        self,
        habits: Habits,
        tick_clock: TickClock,
        start_ns: int,
        end_ns: int,
        seed: int,
    ) -> None:
        """Plays in [start_ns, end_ns)."""
        super().__init__(habits, tick_clock, start_ns, end_ns, seed)
        self._counted: list[Cue] = []
        self._bar_ns: int | None = None
        self._next_turn_ns = 0

    def _hear(self, cue: Cue) -> None:
        if self._bar_ns is None and cue.kind is CueKind.NOTE:
            self._counted.append(cue)

    def _live(self, until_ns: int) -> int:
        if self._bar_ns is None:
            self._learn_bar(until_ns)
        if self._bar_ns is not None:
            while self._next_turn_ns + _EARLIEST_NS <= until_ns < self._end_ns:
                self._play_bar(self._next_turn_ns, self._bar_ns)
                self._next_turn_ns += 2 * self._bar_ns
        return until_ns

    def _learn_bar(self, until_ns: int) -> None:
        """A count-in of n even beats is over when the next one would have been heard of."""
        if len(self._counted) < 2:
            return
        first_ns, last_ns = self._counted[0].planned_ns, self._counted[-1].planned_ns
        beat_ns = (last_ns - first_ns) / (len(self._counted) - 1)
        if until_ns >= last_ns + beat_ns + _EARLIEST_NS:
            self._bar_ns = round(beat_ns * len(self._counted))
            self._next_turn_ns = first_ns + self._bar_ns

    def _play_bar(self, start_ns: int, bar_ns: int) -> None:
        self._late_ns = 0.0
        places = 2 * len(self._counted)
        for place in range(places):
            if place == 0 or self._random.random() < _PLAYED_SHARE:
                limb = self._random.integers(len(self._habits.limbs))
                self._play(start_ns + place * bar_ns // places, None, self._habits.limbs[limb])
