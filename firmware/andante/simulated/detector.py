"""The contact detector, exactly as the sensor board's chip does it.

Integers only, 10-bit counts at 1 kHz, one sample at a time, about 200 bytes a foot: this is the
reference for the chip's core, which has to give the same events for the same counts.

1. Every 64 ms the count joins a ring of 64 eight-bit values (4.1 s) whose 5th and 95th
   percentile are the unloaded and the loaded level; their difference is the range. While the
   range is below half of what it lately was (the patient stands still) the levels stay as they
   were, and below a smallest range (a sensor unplugged) nothing is detected.
2. A Schmitt trigger decides *that* a foot came down (above 35 % of the range) or left (below
   15 %). A dip that is shorter than the shortest swing is no swing.
3. In a shuffling step the foot is never quite unloaded. What tells it from the dip in the middle
   of a stance is the other foot: it bears the weight then, and is in the air during the dip. So
   while the other foot is loaded, below 33 % is enough.
4. *When* the foot came down is where the rise began: the last sample at which the force had
   grown by less than 2.2 % of the range in 8 ms. When it left is where the fall ended: the
   first sample from which the force fell by less than 1.6 % of the range in 16 ms. Neither
   depends on how hard the foot comes down, as the crossing of a level does (15-20 ms later).

An event is therefore found some tens of milliseconds after the instant that it is stamped with.
The method and its constants are our own, laid against the contacts that PhysioNet's "Gait in
Neurodegenerative Disease Database" publishes; `tests/validation` has the comparison.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from andante.ports import Edge

_RING_SHIFT_BITS = 2  # ten-bit counts to the ring's eight bits
_MEMORY_SHIFT_BITS = 6  # the remembered range counts in 64ths, to fill 16 bits
_STILL_SHIFT_BITS = _MEMORY_SHIFT_BITS + 1  # half of the remembered range
_RECENT_SAMPLES = 16  # a power of two: the chip masks the index
_RISE_SAMPLES = 8


@dataclass(frozen=True)
class DetectorSettings:
    """Every constant of the detector. Percent and permille are of the range."""

    sample_period_ticks: int = 250  # 1 ms of the board's 250 kHz counter
    ring_period_samples: int = 64
    ring_values: int = 64
    ring_values_needed: int = 16  # 1 s; before that the levels are guesswork
    edge_percent: int = 5  # the levels are this percentile and its mirror image
    memory_decay_shift_bits: int = 8  # 1/256 every 64 ms: a time constant of 16 s
    min_range_counts: int = 40
    on_percent: int = 35
    off_percent: int = 15
    shuffle_off_percent: int = 33  # instead, while the other foot bears weight
    bearing_percent: int = 50
    rise_permille: int = 22  # in 8 ms
    fall_permille: int = 16  # in 16 ms
    confirm_samples: int = 4  # this long above the on level, so that a spike is no contact
    min_stance_samples: int = 100
    min_swing_samples: int = 100
    min_shuffle_samples: int = 60
    longest_fall_samples: int = 150


DEFAULT_SETTINGS = DetectorSettings()


class DetectedEdge(NamedTuple):
    """`ticks` is the instant of the event, `found_ticks` the sample that made it certain."""

    edge: Edge
    ticks: int
    found_ticks: int
    peak_counts: int | None = None  # with the off edge
    duration_ticks: int | None = None  # with the off edge


class _Phase(Enum):
    LOADED = auto()
    LEAVING = auto()  # below the off level, not yet long enough for a swing
    UNLOADED = auto()


class ContactDetector:
    """One foot. Feed it every sample in order; after a gap in the samples call `reset`."""

    def __init__(self, settings: DetectorSettings = DEFAULT_SETTINGS) -> None:
        self._s = settings
        self._lag_ticks = _RECENT_SAMPLES * settings.sample_period_ticks
        self._min_stance_ticks = settings.min_stance_samples * settings.sample_period_ticks
        self._min_swing_ticks = settings.min_swing_samples * settings.sample_period_ticks
        self._min_shuffle_ticks = settings.min_shuffle_samples * settings.sample_period_ticks
        self._longest_fall_ticks = settings.longest_fall_samples * settings.sample_period_ticks
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after power-up. A contact still open gets no off edge."""
        self._samples = 0
        self._ring: list[int] = []  # the oldest at _ring_next once it is full
        self._ring_next = 0
        self._sorted: list[int] = []
        self._remembered_range = 0
        self._low_counts = 0
        self._range_counts = 0
        self._ready = False
        self._on_counts = self._off_counts = self._shuffle_off_counts = 0
        self._bearing_counts = self._rise_counts = self._fall_counts = 0
        self._recent = [0] * _RECENT_SAMPLES
        self._phase = _Phase.LOADED
        self._contact_ticks: int | None = None  # None: came down before we looked
        self._peak_counts = 0
        self._onset_ticks = 0
        self._below_ticks = 0
        self._off_ticks: int | None = None  # None while the fall goes on
        self._shuffling = False
        self._above_samples = 0
        self.bearing = False

    def step(self, counts: int, ticks: int, other_bearing: bool = False) -> DetectedEdge | None:
        """One sample of 0-1023 counts, taken at `ticks`; usually nothing comes of it.

        `other_bearing`: whether the other foot bore weight (`bearing`) at the sample before.
        """
        n = self._samples
        if n % self._s.ring_period_samples == 0:
            self._learn(counts)
        slot = n % _RECENT_SAMPLES
        recent = self._recent
        fallen_counts = recent[slot] - counts
        risen_counts = counts - recent[(slot + _RISE_SAMPLES) % _RECENT_SAMPLES]
        recent[slot] = counts
        self._samples = n + 1
        if n < _RECENT_SAMPLES or not self._ready:
            return None
        self.bearing = counts > self._bearing_counts
        if risen_counts < self._rise_counts:
            self._onset_ticks = ticks
        phase = self._phase
        if phase is _Phase.LOADED:
            if counts > self._peak_counts:
                self._peak_counts = counts
            if counts < (self._shuffle_off_counts if other_bearing else self._off_counts):
                self._begin_leaving(counts, ticks)
            return None
        if phase is _Phase.LEAVING:
            return self._leaving(counts, ticks, fallen_counts)
        if counts <= self._on_counts:
            self._above_samples = 0
            return None
        return self._landing(counts, ticks)

    def run(self, counts: Iterable[int], first_ticks: int) -> list[DetectedEdge]:
        """Samples one period apart from `first_ticks` on, with no other foot to look at."""
        period_ticks = self._s.sample_period_ticks
        edges = (self.step(now, first_ticks + i * period_ticks) for i, now in enumerate(counts))
        return [edge for edge in edges if edge is not None]

    def _begin_leaving(self, counts: int, ticks: int) -> None:
        contact_ticks = self._contact_ticks
        if contact_ticks is None or ticks - contact_ticks >= self._min_stance_ticks:
            self._phase = _Phase.LEAVING
            self._below_ticks = ticks
            self._off_ticks = None
            self._shuffling = counts >= self._off_counts

    def _leaving(self, counts: int, ticks: int, fallen_counts: int) -> DetectedEdge | None:
        if counts > self._on_counts:
            self._phase = _Phase.LOADED
            return None
        if self._off_ticks is None:
            fall_ended = fallen_counts < self._fall_counts
            if fall_ended or ticks - self._below_ticks >= self._longest_fall_ticks:
                self._off_ticks = ticks - self._lag_ticks
            return None
        shortest_ticks = self._min_shuffle_ticks if self._shuffling else self._min_swing_ticks
        if ticks - self._off_ticks < shortest_ticks:
            return None
        self._phase = _Phase.UNLOADED
        self._above_samples = 0
        if self._contact_ticks is None:
            return None
        duration_ticks = self._off_ticks - self._contact_ticks
        return DetectedEdge(Edge.OFF, self._off_ticks, ticks, self._peak_counts, duration_ticks)

    def _landing(self, counts: int, ticks: int) -> DetectedEdge | None:
        self._above_samples += 1
        if self._above_samples < self._s.confirm_samples:
            return None
        after_off_ticks = (self._off_ticks or 0) + self._s.sample_period_ticks
        self._contact_ticks = max(self._onset_ticks, after_off_ticks)
        self._phase = _Phase.LOADED
        self._peak_counts = counts
        return DetectedEdge(Edge.ON, self._contact_ticks, ticks)

    def _learn(self, counts: int) -> None:
        value = counts >> _RING_SHIFT_BITS
        if len(self._ring) < self._s.ring_values:
            self._ring.append(value)
        else:
            oldest = self._ring[self._ring_next]
            del self._sorted[bisect_left(self._sorted, oldest)]
            self._ring[self._ring_next] = value
            self._ring_next = (self._ring_next + 1) % self._s.ring_values
        insort(self._sorted, value)
        cut = len(self._sorted) * self._s.edge_percent // 100
        low_counts = self._sorted[cut] << _RING_SHIFT_BITS
        range_counts = (self._sorted[-1 - cut] << _RING_SHIFT_BITS) - low_counts
        decayed = self._remembered_range - (
            self._remembered_range >> self._s.memory_decay_shift_bits
        )
        self._remembered_range = max(range_counts << _MEMORY_SHIFT_BITS, decayed)
        if range_counts >= self._remembered_range >> _STILL_SHIFT_BITS:
            self._low_counts, self._range_counts = low_counts, range_counts
        self._ready = (
            len(self._sorted) >= self._s.ring_values_needed
            and self._range_counts >= self._s.min_range_counts
        )
        self._on_counts = self._level(self._s.on_percent)
        self._off_counts = self._level(self._s.off_percent)
        self._shuffle_off_counts = self._level(self._s.shuffle_off_percent)
        self._bearing_counts = self._level(self._s.bearing_percent)
        self._rise_counts = max(1, self._range_counts * self._s.rise_permille // 1000)
        self._fall_counts = max(1, self._range_counts * self._s.fall_permille // 1000)

    def _level(self, percent: int) -> int:
        return self._low_counts + self._range_counts * percent // 100


def run_feet(
    left: ContactDetector,
    right: ContactDetector,
    left_counts: Iterable[int],
    right_counts: Iterable[int],
    first_ticks: int,
    period_ticks: int,
) -> tuple[list[DetectedEdge], list[DetectedEdge]]:
    """Both feet, sample by sample from `first_ticks` on: the edges of the left and the right."""
    lefts: list[DetectedEdge] = []
    rights: list[DetectedEdge] = []
    ticks = first_ticks
    for left_now, right_now in zip(left_counts, right_counts, strict=True):
        left_bearing = left.bearing
        left_edge = left.step(left_now, ticks, right.bearing)
        right_edge = right.step(right_now, ticks, left_bearing)
        if left_edge is not None:
            lefts.append(left_edge)
        if right_edge is not None:
            rights.append(right_edge)
        ticks += period_ticks
    return lefts, rights
