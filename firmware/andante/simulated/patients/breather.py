"""A person who breathes with a belt on, and follows a pacer well, in part or not at all."""

import threading
from typing import Any

import numpy as np

from andante.ports import Channel, Cue
from andante.simulated.patients.breath_model import BreathModel
from andante.simulated.patients.habits import BreathHabits
from andante.simulated.patients.limbs import BLOCK_SAMPLES, MAX_COUNTS, SAMPLE_RATE_HZ
from andante.simulated.patients.mover import Task
from andante.simulated.patients.truth import TrueBreath, breath_summary
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_S

_REST_COUNTS = 400.0
_NOISE_COUNTS = 1.0
_DRIFT_COUNTS = np.array([8.0, 4.0])  # the belt's slow shifts
_DRIFT_PERIODS_NS = np.array([300.0, 110.0]) * NS_PER_S


class Breather:
    """A `Source` of belt counts. Safe to hear and advance by threads."""

    ended = False

    def __init__(
        self, habits: BreathHabits, tick_clock: TickClock, start_ns: int, end_ns: int, seed: int
    ) -> None:
        """Breathes in [start_ns, end_ns); the same seed and cues give the same breaths."""
        self.truth: list[TrueBreath] = []
        self._clock = tick_clock
        self._end_ns = end_ns
        self._model = BreathModel(habits, np.random.default_rng(seed))
        self._sensor_random = np.random.default_rng((seed, 1))
        self._drift_shares = self._sensor_random.random(_DRIFT_COUNTS.size)
        self._lock = threading.Lock()
        self._next_sample_ticks = tick_clock.ticks_at(start_ns)
        self._breaths = [self._model.plan(start_ns)]

    def hear(self, cue: Cue) -> None:
        """A part of a breath is coming; other cues are not heard."""
        with self._lock:
            self._model.hear(cue)

    def instruct(self, task: Task, from_ns: int) -> None:  # noqa: ARG002
        """A breather has one task: breathing."""
        return

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """Belt counts of whole blocks before `until_ticks`."""
        with self._lock:
            until_ns = self._clock.ns_at(until_ticks)
            while self._breaths[-1].ends_ns[-1] <= until_ns:
                self._note_last()
                self._breaths.append(self._model.plan(self._breaths[-1].ends_ns[-1]))
            period_ticks = self._clock.tick_hz // SAMPLE_RATE_HZ
            blocks: list[Press | Counts] = []
            while self._next_sample_ticks + BLOCK_SAMPLES * period_ticks <= until_ticks:
                first_ticks = self._next_sample_ticks
                self._next_sample_ticks += BLOCK_SAMPLES * period_ticks
                first_ns = self._clock.ns_at(first_ticks)
                end_ns = self._clock.ns_at(self._next_sample_ticks)
                counts = self._counts_in(first_ns, end_ns)
                blocks.append(Counts(Channel.BELT, first_ticks, period_ticks, counts))
            return blocks

    def finish(self) -> None:
        """The session is over; a breath that is not is left out of `truth`."""

    def summary(self, start_ns: int) -> dict[str, Any]:
        """What was really done; times from `start_ns`."""
        return breath_summary(self.truth, start_ns)

    # --- the belt ---------------------------------------------------------------------------

    def _counts_in(self, first_ns: int, end_ns: int) -> list[int]:
        """A block of the belt's counts, evenly over [first_ns, end_ns)."""
        turns = first_ns / _DRIFT_PERIODS_NS + self._drift_shares
        rest_counts = _REST_COUNTS + float(np.sin(2 * np.pi * turns) @ _DRIFT_COUNTS)
        step_ns = (end_ns - first_ns) / BLOCK_SAMPLES
        counts: list[int] = []
        for place, noise in enumerate(
            self._sensor_random.normal(0.0, _NOISE_COUNTS, BLOCK_SAMPLES).tolist()
        ):
            chest_counts = self._chest_counts_at(first_ns + place * step_ns)
            counts.append(min(MAX_COUNTS, max(0, round(rest_counts + chest_counts + noise))))
        return counts

    def _chest_counts_at(self, time_ns: float) -> float:
        while len(self._breaths) > 1 and self._breaths[0].ends_ns[-1] <= time_ns:
            del self._breaths[0]
        return self._breaths[0].depth_counts * self._breaths[0].level_at(time_ns)

    def _note_last(self) -> None:
        done = self._breaths[-1].as_done
        if done.end_ns <= self._end_ns:
            self.truth.append(done)
