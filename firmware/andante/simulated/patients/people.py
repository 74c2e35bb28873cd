"""People who move, at the simulated board's inputs: one alone, or a circle of drummers."""

import threading
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from andante.ports import TAP_CHANNELS, Cue
from andante.simulated.patients.habits import Habits
from andante.simulated.patients.limbs import Limbs
from andante.simulated.patients.mover import Mover, Task
from andante.simulated.patients.truth import TrueResponse, truth_summary
from andante.simulated.source import Counts, Press, TickClock

MOST_IN_A_CIRCLE = len(TAP_CHANNELS)


class LimbedPatient(ABC):
    """A `Source` whose limbs press. Safe to hear and advance by threads."""

    ended = False

    def __init__(self, limbs: Limbs, tick_clock: TickClock) -> None:
        self.truth: list[TrueResponse] = []
        self._limbs = limbs
        self._clock = tick_clock
        self._lock = threading.Lock()

    def hear(self, cue: Cue) -> None:
        """A cue is coming."""
        with self._lock:
            self._hear(cue)

    def instruct(self, task: Task, from_ns: int) -> None:
        """Another task from `from_ns` on; those who have only one go on with it."""
        with self._lock:
            self._instruct(task, from_ns)

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """Presses and samples before `until_ticks`."""
        with self._lock:
            certain_ns = self._live(self._clock.ns_at(until_ticks))
            return self._limbs.take(until_ticks, self._clock.ticks_at(certain_ns))

    def finish(self) -> None:
        """The session is over: complete `truth`."""
        with self._lock:
            self._finish()

    def summary(self, start_ns: int) -> dict[str, Any]:
        """What was really done; times from `start_ns`."""
        return truth_summary(self.truth, start_ns)

    @abstractmethod
    def _hear(self, cue: Cue) -> None: ...

    @abstractmethod
    def _live(self, until_ns: int) -> int:
        """Press what is due and return the time before which nothing more will be pressed."""

    def _instruct(self, task: Task, from_ns: int) -> None:  # noqa: ARG002
        return

    def _finish(self) -> None:
        return


class SimulatedPatient(LimbedPatient):
    """One person who walks, taps or drums."""

    def __init__(
        self,
        habits: Habits,
        tick_clock: TickClock,
        start_ns: int,
        end_ns: int,
        seed: int,
        task: Task = Task.CONTINUATION,
    ) -> None:
        """Moves in [start_ns, end_ns); the same seed and cues give the same movements."""
        super().__init__(Limbs(habits.limbs, tick_clock, start_ns, end_ns, seed), tick_clock)
        self._mover = Mover(habits, start_ns, end_ns, np.random.default_rng(seed), task)
        self.truth = self._mover.truth

    def _hear(self, cue: Cue) -> None:
        self._mover.hear(cue)

    def _instruct(self, task: Task, from_ns: int) -> None:
        self._mover.instruct(task, from_ns)

    def _live(self, until_ns: int) -> int:
        while (certain_ns := self._mover.judged_ns) is not None and until_ns >= certain_ns:
            movement = self._mover.move()
            if movement is not None:
                self._limbs.press(movement.channel, movement.time_ns, movement.hold_ns)
        return until_ns if certain_ns is None else int(certain_ns)

    def _finish(self) -> None:
        self._mover.settle()


class DrumCircle(LimbedPatient):
    """Two to four people, each at a pad of their own.

    They join in with the beat. Where it is muted each of them makes up for a share, the own phase
    correction, of how far behind the mean of the others they were (mutual correction as between
    two tappers: Konvalinka et al., Q J Exp Psychol 63:2220-2230, 2010).
    """

    def __init__(
        self,
        habits: Habits,
        tick_clock: TickClock,
        start_ns: int,
        end_ns: int,
        seed: int,
        people: int,
    ) -> None:
        """The people differ in their noise alone. Raises ValueError unless 2 to 4 of them."""
        if not 2 <= people <= MOST_IN_A_CIRCLE:
            raise ValueError(f"a circle has 2 to {MOST_IN_A_CIRCLE} people, not {people}")
        pads = TAP_CHANNELS[:people]
        super().__init__(Limbs(pads, tick_clock, start_ns, end_ns, seed), tick_clock)
        self._movers = [
            Mover(
                replace(habits, limbs=(pad,), contact_shares=habits.contact_shares[:1]),
                start_ns,
                end_ns,
                np.random.default_rng((seed, person)),
                Task.CIRCLE,
            )
            for person, pad in enumerate(pads)
        ]
        self._lately_ns: list[list[int]] = [[] for _ in pads]

    def _hear(self, cue: Cue) -> None:
        for mover in self._movers:
            mover.hear(cue)

    def _live(self, until_ns: int) -> int:
        # In the order in which they judge: by then the others' movements until then are certain.
        while True:
            due = [
                (mover.judged_ns, person)
                for person, mover in enumerate(self._movers)
                if mover.judged_ns is not None
            ]
            certain_ns, person = min(due, default=(float(until_ns), 0))
            if not due or until_ns < certain_ns:
                return min(until_ns, int(certain_ns))
            movement = self._movers[person].move(self._others_ns(person, certain_ns))
            if movement is not None:
                self._limbs.press(movement.channel, movement.time_ns, movement.hold_ns)
                self._lately_ns[person] = [*self._lately_ns[person][-3:], movement.time_ns]

    def _others_ns(self, person: int, until_ns: float) -> list[int]:
        """When the others moved lately, as far as that had happened by `until_ns`."""
        return [
            time_ns
            for other, times_ns in enumerate(self._lately_ns)
            for time_ns in times_ns
            if other != person and time_ns <= until_ns
        ]

    def _finish(self) -> None:
        for person, mover in enumerate(self._movers):
            mover.settle(self._others_ns(person, float("inf")))
        together = [response for mover in self._movers for response in mover.truth]
        self.truth[:] = sorted(together, key=lambda response: response.time_ns)
