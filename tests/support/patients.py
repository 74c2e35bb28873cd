"""Cues for simulated patients, and what the patients make of them. All simulated.

Cues are handed over as the trainer does it: 250 ms before they fall.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from andante.ports import Channel, Cue, CueKind
from andante.simulated.patients import Habits, Patient, TrueResponse
from andante.simulated.patients.mover import Mover
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S

CLOCK = TickClock(zero_ns=3 * NS_PER_S, rate_error_ppm=40)
START_NS = 10 * NS_PER_S
LEAD_NS = 250 * NS_PER_MS

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Felt:
    """What the board felt."""

    presses: list[Press] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)

    def add(self, items: Sequence[Press | Counts]) -> None:
        for item in items:
            if isinstance(item, Press):
                self.presses.append(item)
            else:
                self.counts.append(item)


def spend(
    patient: Patient,
    end_ns: int,
    cues: Sequence[Cue] = (),
    look_ms: int = 200,
    before: Callable[[int], None] = lambda _: None,
) -> Felt:
    """From START_NS to `end_ns` with these cues, in order of time; `before` hears each look."""
    felt, waiting = Felt(), list(reversed(cues))
    for now_ns in range(START_NS, end_ns + NS_PER_S, look_ms * NS_PER_MS):
        before(now_ns)
        # Whoever looks seldom has to hand over what falls due until the next look.
        while waiting and waiting[-1].planned_ns <= now_ns + LEAD_NS + look_ms * NS_PER_MS:
            patient.hear(waiting.pop())
        felt.add(patient.advance(CLOCK.ticks_at(now_ns)))
    patient.finish()
    return felt


def beats(
    intervals_s: Sequence[float] | Floats,
    from_s: float = 0.0,
    silent: Callable[[int], bool] = lambda _: False,
    first_index: int = 0,
) -> list[Cue]:
    """Beats at these intervals, shape (n,), the first `from_s` after START_NS: n + 1 cues."""
    at_s = from_s + np.concatenate([[0.0], np.cumsum(intervals_s)])
    return [
        Cue(
            first_index + n,
            START_NS + round(s * NS_PER_S),
            CueKind.SILENT if silent(n) else CueKind.BEAT,
        )
        for n, s in enumerate(at_s.tolist())
    ]


def steady(tempo_per_minute: float, length_s: float, from_s: float = 0.0) -> list[Cue]:
    """An even beat from `from_s` to `from_s + length_s`."""
    interval_s = 60.0 / tempo_per_minute
    return beats(np.full(int(length_s / interval_s), interval_s), from_s)


def fractal_intervals_s(mean_s: float, sd_percent: float, count: int, seed: int) -> Floats:
    """Intervals with a 1/f spectrum, shape (count,), made in the frequency domain."""
    random = np.random.default_rng(seed)
    frequency = np.fft.rfftfreq(count)
    size = np.zeros(frequency.size)
    size[1:] = 1 / np.sqrt(frequency[1:])
    phases = np.exp(2j * np.pi * random.random(frequency.size))
    noise = np.fft.irfft(size * phases, count)
    intervals_s: Floats = mean_s * (1 + sd_percent / 100 * noise / noise.std())
    return intervals_s


def asynchronies_ms(truth: Sequence[TrueResponse]) -> Floats:
    """Of every movement that answered a cue."""
    known = [r.asynchrony_ns for r in truth if r.asynchrony_ns is not None]
    return np.array(known, dtype=np.float64) / NS_PER_MS


def strides_s(truth: Sequence[TrueResponse], channel: Channel = Channel.LEFT_FOOT) -> Floats:
    """Times between contacts of one foot."""
    times_ns = np.array([r.time_ns for r in truth if r.channel is channel], dtype=np.int64)
    return np.diff(times_ns) / NS_PER_S


def vector_length(truth: Sequence[TrueResponse], interval_s: float) -> float:
    """R of the answered cues, clinical.md section 3."""
    return float(abs(np.exp(2j * np.pi * asynchronies_ms(truth) / 1000 / interval_s).mean()))


def move_alone(habits: Habits, seed: int, cues: Sequence[Cue], length_s: float) -> Mover:
    """The timing model by itself, without board and force, through START_NS + `length_s`."""
    end_ns = START_NS + round(length_s * NS_PER_S)
    mover = Mover(habits, START_NS, end_ns, np.random.default_rng(seed))
    for cue in cues:
        while (mover.judged_ns or cue.planned_ns) < cue.planned_ns - LEAD_NS:
            mover.move()
        mover.hear(cue)
    while mover.judged_ns is not None:
        mover.move()
    return mover


def with_adaptive_beat(
    habits: Habits, seed: int, adapts: float, interval_s: float, count: int
) -> Floats:
    """Asynchronies to a metronome whose next beat moves by a share of the last asynchrony.

    cue(n+1) = cue(n) + interval + adapts * asynchrony(n) (Fairhurst, Janata & Keller 2013), decided
    half an interval after cue(n): by then every movement that is nearest to it has been felt.
    """
    interval_ns = round(interval_s * NS_PER_S)
    end_ns = START_NS + 2 * count * interval_ns
    mover = Mover(habits, START_NS, end_ns, np.random.default_rng(seed))
    moved_ns: list[int] = []
    cue_ns = START_NS + interval_ns
    for index in range(count):
        mover.hear(Cue(index, cue_ns))
        while (mover.judged_ns or end_ns) <= cue_ns + interval_ns // 2:
            if (movement := mover.move()) is not None:
                moved_ns.append(movement.time_ns)
        near_ns = [t - cue_ns for t in moved_ns[-3:] if abs(t - cue_ns) < interval_ns // 2]
        asynchrony_ns = min(near_ns, key=abs, default=0)
        cue_ns += interval_ns + round(adapts * asynchrony_ns)
    return asynchronies_ms(mover.truth)
