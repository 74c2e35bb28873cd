"""Simulated patients who know the truth: a two-legged walker and a tapper.

A patient hears each cue when it is handed out and answers by the linear phase-correction model
(Vorberg & Wing 1996): A(n+1) = (1 - alpha) A(n) + T + M(n+1) - M(n), with period taken from the
cues heard. Without cues it goes by its own timekeeper, whose noise is correlated from stride to
stride (a sum of first-order processes with time constants a factor four apart, close to 1/f).
What it did is kept, exactly, in `truth`.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.ports import Channel, Cue, CueKind, Edge
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S
from andante.timeline.metronome import interval_ns_of

SAMPLE_RATE_HZ = 100
_BLOCK_SAMPLES = 20
_UNLOADED_COUNTS = 60
_LOADED_COUNTS = 720
_KEPT_CUES = 16

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Habits:
    """How a simulated patient moves. Times in ms, rates in their own units."""

    limbs: tuple[Channel, ...]
    own_tempo_per_minute: float
    mean_asynchrony_ms: float
    phase_correction: float
    timekeeper_sd_ms: float
    motor_sd_ms: float
    asymmetry_percent: float  # of the step time; the first limb's step is the longer one
    contact_share: float  # of the time from contact to next contact of the same limb
    own_variability_percent: float
    starts_by_itself: bool


HEALTHY_WALKER = Habits(
    limbs=(Channel.LEFT_FOOT, Channel.RIGHT_FOOT),
    own_tempo_per_minute=104.0,
    mean_asynchrony_ms=-30.0,
    phase_correction=0.45,
    timekeeper_sd_ms=12.0,
    motor_sd_ms=6.0,
    asymmetry_percent=3.0,
    contact_share=0.62,
    own_variability_percent=2.0,
    starts_by_itself=True,
)
"""Alpha, timekeeper and motor noise near those of healthy tapping (docs/clinical.md); stance share
and stride variability near those of the healthy controls of PhysioNet's gait database."""

HEALTHY_TAPPER = Habits(
    limbs=(Channel.TAP_1,),
    own_tempo_per_minute=100.0,
    mean_asynchrony_ms=-37.0,
    phase_correction=0.60,
    timekeeper_sd_ms=17.6,
    motor_sd_ms=4.4,
    asymmetry_percent=0.0,
    contact_share=0.2,
    own_variability_percent=3.0,
    starts_by_itself=False,
)
"""The means of 74 healthy tappers at 500 ms (docs/clinical.md, oracles)."""


@dataclass(frozen=True)
class TrueResponse:
    """One contact or tap as it was made. `cue_index` and asynchrony where a cue was answered."""

    channel: Channel
    time_ns: int
    cue_index: int | None
    asynchrony_ns: int | None


class SimulatedPatient:
    """A `Source` for the simulated board that answers cues. Safe to hear and advance by threads."""

    def __init__(
        self, habits: Habits, tick_clock: TickClock, start_ns: int, end_ns: int, seed: int
    ) -> None:
        """Moves in [start_ns, end_ns); the same seed and cues give the same movements."""
        self._habits = habits
        self._clock = tick_clock
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed)
        self._drift = _CorrelatedNoise(self._random)
        self._sensor_random = np.random.default_rng((seed, 1))
        self._own_period_ns = interval_ns_of(habits.own_tempo_per_minute)
        self._period_ns = self._own_period_ns
        self._lock = threading.Lock()
        self._cues: deque[Cue] = deque(maxlen=_KEPT_CUES)
        self._count = 0
        self._intended_ns = float(start_ns) + self._own_period_ns
        self._moving = habits.starts_by_itself
        self._presses: deque[Press] = deque()
        self._holds: dict[Channel, list[tuple[int, int]]] = {c: [] for c in habits.limbs}
        self._next_sample_ticks = tick_clock.ticks_at(start_ns)
        self._last_ns = start_ns
        self._unsettled: tuple[Channel, int, float] | None = None
        self.truth: list[TrueResponse] = []

    # --- what the patient perceives -------------------------------------------------------

    def hear(self, cue: Cue) -> None:
        """A cue is coming. Silent ones are not heard."""
        if cue.kind is CueKind.SILENT:
            return
        with self._lock:
            self._cues.append(cue)
            if not self._moving and len(self._cues) >= 3:
                self._moving = True
                self._intended_ns = cue.planned_ns + self._heard_period_ns(self._cues)

    @property
    def ended(self) -> bool:
        """A patient goes on until the session ends."""
        return False

    # --- what the board feels ---------------------------------------------------------------

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """Presses and samples before `until_ticks`, in order of time."""
        with self._lock:
            until_ns = self._clock.ns_at(until_ticks)
            # The cue nearest to the last movement is known once half a period has passed.
            while self._moving and until_ns >= self._last_ns + 0.6 * self._period_ns:
                self._settle()
                if not self._move():
                    break
            happened: list[Press | Counts] = []
            while self._presses and self._presses[0].ticks < until_ticks:
                happened.append(self._presses.popleft())
            happened.extend(self._samples(until_ticks))
            return happened

    def finish(self) -> None:
        """The session is over: complete `truth`."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        """Judge the last movement against the cue nearest to it and plan the next one."""
        if self._unsettled is None:
            return
        habits = self._habits
        limb, moved_ns, skew_ns = self._unsettled
        self._unsettled = None
        # Only cues that were certainly handed out by now, however often anybody looks.
        heard = [c for c in self._cues if c.planned_ns <= moved_ns + 0.6 * self._period_ns]
        self._period_ns = self._heard_period_ns(heard)
        cue = _nearest(heard, moved_ns, self._period_ns / 2)
        if cue is None:
            self.truth.append(TrueResponse(limb, moved_ns, None, None))
            variability = habits.own_variability_percent / 100
            self._intended_ns += self._period_ns * (1 + self._drift.step() * variability)
        else:
            asynchrony_ns = moved_ns - cue.planned_ns
            self.truth.append(TrueResponse(limb, moved_ns, cue.index, asynchrony_ns))
            error_ns = asynchrony_ns - skew_ns - habits.mean_asynchrony_ms * NS_PER_MS
            timekeeper_ns = self._random.normal(0.0, habits.timekeeper_sd_ms * NS_PER_MS)
            self._intended_ns += (
                self._period_ns + timekeeper_ns - habits.phase_correction * error_ns
            )
        self._intended_ns = max(self._intended_ns, moved_ns + 0.65 * self._period_ns)

    def _move(self) -> bool:
        """Make the movement that is planned; False where it would come after the end."""
        habits = self._habits
        limb = habits.limbs[self._count % len(habits.limbs)]
        skew_ns = 0.0
        if len(habits.limbs) == 2:
            side = 1 if self._count % 2 == 0 else -1
            skew_ns = side * habits.asymmetry_percent / 100 * self._period_ns / 4
        motor_ns = self._random.normal(0.0, habits.motor_sd_ms * NS_PER_MS)
        moved_ns = round(self._intended_ns + motor_ns + skew_ns)
        if moved_ns >= self._end_ns:
            self._moving = False
            return False
        self._press(limb, moved_ns)
        self._unsettled = (limb, moved_ns, skew_ns)
        self._last_ns = moved_ns
        self._count += 1
        return True

    def _press(self, limb: Channel, on_ns: int) -> None:
        hold_ns = self._habits.contact_share * self._period_ns * len(self._habits.limbs)
        off_ns = on_ns + round(hold_ns)
        on_ticks, off_ticks = self._clock.ticks_at(on_ns), self._clock.ticks_at(off_ns)
        self._holds[limb].append((on_ticks, off_ticks))
        self._presses.append(Press(limb, Edge.ON, on_ticks))
        if off_ns < self._end_ns:
            self._presses.append(
                Press(limb, Edge.OFF, off_ticks, _LOADED_COUNTS, off_ticks - on_ticks)
            )
        self._presses = deque(sorted(self._presses, key=lambda press: press.ticks))

    def _heard_period_ns(self, heard: Sequence[Cue]) -> float:
        if len(heard) < 2:
            return self._own_period_ns
        before, last = heard[-2], heard[-1]
        return (last.planned_ns - before.planned_ns) / (last.index - before.index)

    # --- the force that the board would stream ----------------------------------------------

    def _samples(self, until_ticks: int) -> list[Counts]:
        period_ticks = self._clock.tick_hz // SAMPLE_RATE_HZ
        known_ticks = until_ticks
        if self._moving:  # the next movement is planned once this much of the period has passed
            known_ticks = self._clock.ticks_at(round(self._last_ns + 0.6 * self._period_ns))
        blocks: list[Counts] = []
        span_ticks = period_ticks * _BLOCK_SAMPLES
        while self._next_sample_ticks + span_ticks <= min(until_ticks, known_ticks):
            ticks = self._next_sample_ticks + period_ticks * np.arange(_BLOCK_SAMPLES)
            for limb in self._habits.limbs:
                counts = self._force(limb, ticks)
                blocks.append(Counts(limb, self._next_sample_ticks, period_ticks, counts.tolist()))
                self._holds[limb] = [h for h in self._holds[limb] if h[1] >= ticks[0]]
            self._next_sample_ticks += span_ticks
        return blocks

    def _force(self, limb: Channel, ticks: Int64s) -> Int64s:
        """Counts at `ticks`, shape (n,): the double hump of a stance, flat between stances."""
        load = np.zeros(ticks.shape)
        for on_ticks, off_ticks in self._holds[limb]:
            share = (ticks - on_ticks) / max(1, off_ticks - on_ticks)
            inside = (share >= 0) & (share < 1)
            edge = np.clip(np.minimum(share, 1 - share) / 0.06, 0, 1)
            hump = edge * (0.85 - 0.15 * np.cos(4 * math.pi * share))
            load = np.where(inside, hump, load)
        noise = self._sensor_random.normal(0.0, 1.5, ticks.shape)
        counts = _UNLOADED_COUNTS + load * (_LOADED_COUNTS - _UNLOADED_COUNTS) + noise
        return np.clip(np.rint(counts), 0, 1023).astype(np.int64)


def _nearest(cues: Sequence[Cue], time_ns: int, within_ns: float) -> Cue | None:
    near = [c for c in cues if abs(time_ns - c.planned_ns) < within_ns]
    return min(near, key=lambda c: abs(time_ns - c.planned_ns), default=None)


class _CorrelatedNoise:
    """Unit-variance noise with a spectrum close to 1/f over some hundred steps."""

    _TIME_CONSTANTS = (1.0, 4.0, 16.0, 64.0)

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._keep = np.exp(-1 / np.array(self._TIME_CONSTANTS))
        self._state = random.normal(size=self._keep.size)

    def step(self) -> float:
        fresh = self._random.normal(size=self._keep.size) * np.sqrt(1 - self._keep**2)
        self._state = self._keep * self._state + fresh
        return float(self._state.sum() / math.sqrt(self._keep.size))


def truth_summary(truth: list[TrueResponse], start_ns: int) -> dict[str, object]:
    """What the patient really did, in the units of the host's measures; times from `start_ns`.

    Asynchronies are those to cues that were heard; SD with ddof 1, None below two of them.
    """
    asynchronies_ms = np.array(
        [r.asynchrony_ns / NS_PER_MS for r in truth if r.asynchrony_ns is not None]
    )
    return {
        "response_count": len(truth),
        "matched_count": int(asynchronies_ms.size),
        "mean_asynchrony_ms": float(asynchronies_ms.mean()) if asynchronies_ms.size else None,
        "sd_asynchrony_ms": float(asynchronies_ms.std(ddof=1))
        if asynchronies_ms.size > 1
        else None,
        "responses": [
            {
                "channel": r.channel.value,
                "time_s": (r.time_ns - start_ns) / NS_PER_S,
                "cue_index": r.cue_index,
            }
            for r in truth
        ],
    }
