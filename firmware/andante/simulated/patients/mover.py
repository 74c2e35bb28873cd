"""The timing of one person who walks, taps or drums.

The model, for the movement after the one at asynchrony A(n) to the cue nearest to it (Vorberg &
Wing 1996; Repp & Keller 2008; van der Steen & Keller, Front Hum Neurosci 7:253, 2013):

    t(n+1) = t(n) + P(n) + T(n) - alpha A(n),    P(n+1) = P(n) - beta A(n)

with A taken against the person's own mean asynchrony, and the movement made at t plus motor noise.
T is timekeeper noise with the memory that the habits give it, the same with and without cues: that
strides under a steady cue lose their memory comes of the correction (Delignieres & Torre, J Appl
Physiol 106:1272-1279, 2009), and so does that they take on the memory of cues that have one.

Somebody who joins in takes the period from the first two beats heard, and keeps it until the beat
has been away for four movements. Without a cue the period drifts and leans slowly towards the
own tempo (McAuley et al. 2006, direction; the pace is our choice).

A movement is judged 0.6 of a period after it was made and the next one is at least 0.65 away, so
that a movement never depends on a cue that could still be withheld, nor on who looks how often.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from andante.ports import Channel, Cue, CueKind
from andante.simulated.patients.habits import Habits
from andante.simulated.patients.noise import CorrelatedNoise
from andante.simulated.patients.truth import TrueResponse
from andante.timebase import NS_PER_MS
from andante.timeline.metronome import interval_ns_of

_JUDGED_AFTER_SHARE = 0.6
_EARLIEST_SHARE = 0.65
_SHORTEST_LIFT_NS = 100 * NS_PER_MS  # the board's own limit for a swing
_STRIDE_SHARES = (0.85, 1.15)
_KEPT_BEATS = 16
_FORGOTTEN_AFTER_MOVEMENTS = 4
_JOINS_AFTER_BEATS = 3
_LEANING_SHARE = 0.002  # per movement without a cue
_FREE_INTERVALS = (1.0, 1.0, 1.5, 2.0)  # of the period; our choice


class Task(StrEnum):
    """What the patient was asked to do."""

    PACED = "paced"  # with the beat, and stops when it has gone
    CONTINUATION = "continuation"  # with the beat, and goes on without it
    UNPACED = "unpaced"  # at the own tempo, whatever sounds
    FOLLOW = "follow"  # leads: the device follows
    FREE = "free"  # an own rhythm over all pads
    ECHO = "echo"  # repeats what was played
    MIRROR = "mirror"  # plays for the device to repeat
    CIRCLE = "circle"  # several people, with the beat and then with each other
    REST = "rest"  # nothing


_HEEDLESS_TASKS = frozenset({Task.UNPACED, Task.FOLLOW, Task.FREE})  # no cue is answered


@dataclass(frozen=True)
class Movement:
    """A contact or tap at `time_ns` that is held for `hold_ns`."""

    channel: Channel
    time_ns: int
    hold_ns: int


@dataclass(frozen=True)
class _Beat:
    """A cue that was heard; `number` counts the silent ones as well."""

    cue: Cue
    number: int


class Mover:
    """One person. Knows cues and its own movements; the board's clock is none of its business."""

    def __init__(
        self,
        habits: Habits,
        start_ns: int,
        end_ns: int,
        random: np.random.Generator,
        task: Task = Task.CONTINUATION,
    ) -> None:
        """Moves in [start_ns, end_ns)."""
        self.truth: list[TrueResponse] = []
        self._habits = habits
        self._end_ns = end_ns
        self._random = random
        self._timekeeper = CorrelatedNoise(random, habits.timekeeper_dfa_alpha)
        self._own_period_ns = interval_ns_of(habits.own_tempo_per_minute)
        self._period_ns = self._own_period_ns
        self._period_known = False
        self._forgot_ns = 0
        self._beats: deque[_Beat] = deque(maxlen=_KEPT_BEATS)
        self._beat_count = 0
        self._heard_at_rest = 0
        self._since_beat = 0
        self._was_heedless = False
        self._tasks = [(start_ns, task)]
        self._count = 0
        self._moved_ns: deque[int] = deque(maxlen=len(habits.limbs))
        self._lifted_ns = [start_ns] * len(habits.limbs)
        self._moving = False
        self._last_ns = start_ns
        self._intended_ns = self._certain_ns = float(start_ns)
        self._unsettled: tuple[Movement, float] | None = None
        self._begin_times_ns = [start_ns] if self._begins_by_itself(task) else []

    def instruct(self, task: Task, from_ns: int) -> None:
        """Another task from `from_ns` on, as a therapist would say it."""
        self._tasks.append((from_ns, task))
        if self._begins_by_itself(task):
            self._begin_times_ns.append(from_ns)

    def hear(self, cue: Cue) -> None:
        """A cue is coming. Silent ones keep the count but are not heard; notes are music."""
        if cue.kind not in (CueKind.BEAT, CueKind.SILENT):
            return
        self._beat_count += 1
        if cue.kind is CueKind.SILENT:
            return
        self._beats.append(_Beat(cue, self._beat_count))
        self._heard_at_rest += 1
        if not self._moving and self._heard_at_rest >= _JOINS_AFTER_BEATS:
            self._take_period([*self._beats])
            self._begin(cue.planned_ns)

    @property
    def judged_ns(self) -> float | None:
        """When the last movement will be judged and the next one be certain; None at rest."""
        if self._moving:
            return self._certain_ns
        return self._begin_times_ns[0] if self._begin_times_ns else None

    def move(self, others_ns: Sequence[int] = ()) -> Movement | None:
        """Judge the last movement and make the next one; None where there will be none.

        `others_ns`: when the others moved lately, for those who play together.
        """
        if not self._moving and self._begin_times_ns:
            self._period_ns = self._own_period_ns
            self._begin(self._begin_times_ns[0])
            return None
        self.settle(others_ns)
        if not self._moving:
            return None
        habits = self._habits
        limb = self._count % len(habits.limbs)
        if self._task is Task.FREE:
            limb = int(self._random.integers(len(habits.limbs)))
        skew_ns = 0.0
        if len(habits.limbs) == 2:
            side = 1 if limb == 0 else -1
            skew_ns = side * habits.asymmetry_percent / 100 * self._period_ns / 4
        motor_ns = self._random.normal(0.0, habits.motor_sd_ms * NS_PER_MS)
        moved_ns = round(self._intended_ns + motor_ns + skew_ns)
        # Nobody sets down a limb that was not lifted.
        moved_ns = max(moved_ns, math.ceil(self._certain_ns), self._lifted_ns[limb])
        if moved_ns >= self._end_ns:
            self._moving = False
            return None
        hold_ns = round(habits.contact_shares[limb] * self._stride_ns(moved_ns))
        self._lifted_ns[limb] = moved_ns + hold_ns + _SHORTEST_LIFT_NS
        movement = Movement(habits.limbs[limb], moved_ns, hold_ns)
        self._unsettled = (movement, skew_ns)
        self._wait_from(moved_ns)
        self._count += 1
        return movement

    def settle(self, others_ns: Sequence[int] = ()) -> None:
        """Judge the last movement, where that was not done, and plan the next one."""
        if self._unsettled is None:
            return
        (movement, skew_ns), self._unsettled = self._unsettled, None
        moved_ns = movement.time_ns
        habits = self._habits
        # Only cues that were certainly handed out by now, however often anybody looks.
        beats = [beat for beat in self._beats if beat.cue.planned_ns <= self._certain_ns]
        heedless = self._task in _HEEDLESS_TASKS or not habits.heeds_cues
        cue = None
        if not heedless and self._task is not Task.REST:
            cue = _nearest(beats, moved_ns, self._period_ns / 2)
        if cue is not None:
            asynchrony_ns = moved_ns - cue.planned_ns
            self.truth.append(TrueResponse(movement.channel, moved_ns, cue.index, asynchrony_ns))
            error_ns = asynchrony_ns - skew_ns - habits.mean_asynchrony_ms * NS_PER_MS
            self._since_beat, self._was_heedless = 0, False
            if not self._period_known:
                self._take_period(beats)
            self._period_ns -= habits.period_correction * error_ns
        else:
            self.truth.append(TrueResponse(movement.channel, moved_ns, None, None))
            error_ns = self._behind_others_ns(moved_ns, others_ns)
            self._go_without(heedless)
        timekeeper_ns = self._timekeeper.step() * habits.timekeeper_sd_ms * NS_PER_MS
        step_ns = self._period_ns
        if self._task is Task.FREE:
            step_ns *= float(self._random.choice(_FREE_INTERVALS))
        self._intended_ns += step_ns + timekeeper_ns - habits.phase_correction * error_ns
        self._intended_ns = max(self._intended_ns, moved_ns + _EARLIEST_SHARE * step_ns)

    @property
    def _task(self) -> Task:
        """The task in which the last movement was made."""
        return [task for from_ns, task in self._tasks if from_ns <= self._last_ns][-1]

    def _stride_ns(self, moved_ns: int) -> float:
        """What this limb's last round took, or about what it should, where there was a pause."""
        due_ns = self._period_ns * len(self._habits.limbs)
        full = len(self._moved_ns) == self._moved_ns.maxlen
        took_ns = moved_ns - self._moved_ns[0] if full else due_ns
        self._moved_ns.append(moved_ns)
        low, high = _STRIDE_SHARES
        return min(max(took_ns, low * due_ns), high * due_ns)

    def _begin(self, from_ns: int) -> None:
        self._moving = True
        self._wait_from(from_ns)
        self._intended_ns = from_ns + self._period_ns

    def _wait_from(self, last_ns: int) -> None:
        self._last_ns = last_ns
        self._begin_times_ns = [t for t in self._begin_times_ns if t > last_ns]
        self._certain_ns = last_ns + _JUDGED_AFTER_SHARE * self._period_ns

    def _go_without(self, heedless: bool) -> None:
        """A movement that no cue was near."""
        self._since_beat += 1
        if self._task is Task.REST:
            self._rest()
        if heedless and not self._was_heedless:
            self._period_ns = self._own_period_ns
        self._was_heedless = heedless
        if self._since_beat == _FORGOTTEN_AFTER_MOVEMENTS:
            self._forget_beat()
        gone = self._since_beat >= _FORGOTTEN_AFTER_MOVEMENTS
        if gone and self._task is Task.PACED and not heedless:
            self._rest()
        drift = self._random.normal(0.0, self._habits.drift_percent / 100)
        self._period_ns += _LEANING_SHARE * (self._own_period_ns - self._period_ns)
        self._period_ns *= 1 + drift

    def _forget_beat(self) -> None:
        self._period_known = False
        self._forgot_ns = self._last_ns

    def _rest(self) -> None:
        self._forget_beat()
        self._moving = False
        self._heard_at_rest = 0

    def _begins_by_itself(self, task: Task) -> bool:
        if task is Task.REST:
            return False
        habits = self._habits
        return task in _HEEDLESS_TASKS or habits.starts_by_itself or not habits.heeds_cues

    def _take_period(self, beats: Sequence[_Beat]) -> None:
        fresh = [beat for beat in beats if beat.cue.planned_ns > self._forgot_ns]
        if len(fresh) < 2:
            return
        before, last = fresh[-2:]
        apart_ns = last.cue.planned_ns - before.cue.planned_ns
        self._period_ns = apart_ns / (last.number - before.number)
        self._period_known = True

    def _behind_others_ns(self, moved_ns: int, others_ns: Sequence[int]) -> float:
        """Mean lag behind the others' movements nearest by; 0 where nobody moved."""
        lags_ns = [moved_ns - t for t in others_ns if abs(moved_ns - t) < self._period_ns / 2]
        return sum(lags_ns) / len(lags_ns) if lags_ns else 0.0


def _nearest(beats: Sequence[_Beat], time_ns: int, within_ns: float) -> Cue | None:
    near = [b.cue for b in beats if abs(time_ns - b.cue.planned_ns) < within_ns]
    return min(near, key=lambda c: abs(time_ns - c.planned_ns), default=None)
