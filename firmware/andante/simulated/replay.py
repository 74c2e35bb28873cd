"""A recorded walk at the simulated board's inputs: volts in, contacts out.

The recording is turned into what the board's ADC would have read at its own 1 kHz ticks, and the
board's detector finds the contacts in that; nothing of the recording's own timing is kept but
the moment at which each sample was taken.

Scale: raw foot-switch counts (-2048 to 2047) lie linearly on 0-5 V. A file in any other unit is
laid so that the 0.1st and 99.9th percentile of both feet together fall on 0.5 V and 4.5 V: one
scale for both, so that the noise of a sensor that is not worn stays small.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from andante.ports import Channel
from andante.signal_file import ForceRecording
from andante.simulated.detector import (
    DEFAULT_SETTINGS,
    ContactDetector,
    DetectedEdge,
    DetectorSettings,
    run_feet,
)
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_S

_ADC_STEPS_COUNTS = 1024
_ADC_FULL_SCALE_V = 5.0
_SWITCH_LOW_COUNTS, _SWITCH_HIGH_COUNTS = -2048.0, 2047.0
_OTHER_LOW_V, _OTHER_HIGH_V = 0.5, 4.5
_OTHER_EDGES_PERCENT = (0.1, 99.9)
_LONGEST_BRIDGED_S = 0.02  # a hole this short cannot hide a contact
_BLOCK_EVERY_SAMPLES = 10  # 100 Hz out of 1 kHz
_BLOCK_COUNTS = 20

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class ReplaySource:
    """A recording as a Source: `Press` edges of both feet and their counts at 100 Hz.

    The recording's first sample is at session time `start_ns`. A press comes when the detector
    is certain of it, as from a real board, and so some tens of milliseconds after the ticks
    that it is stamped with; what `advance` returns is in the order in which the board would
    send it. A block of counts comes with its last sample. Where the recording has a gap of more
    than 20 ms there are no counts and no presses of that foot, and its detector starts afresh.
    """

    def __init__(
        self,
        recording: ForceRecording,
        tick_clock: TickClock,
        start_ns: int,
        settings: DetectorSettings = DEFAULT_SETTINGS,
    ) -> None:
        period_ticks = settings.sample_period_ticks
        self._period_ticks = period_ticks
        # The board samples on multiples of its period, whenever the recording happens to begin.
        self._first_ticks = -(-tick_clock.ticks_at(start_ns) // period_ticks) * period_ticks
        if tick_clock.ns_at(self._first_ticks) < start_ns:
            self._first_ticks += period_ticks
        tick_s = (
            tick_clock.ns_at(self._first_ticks + tick_clock.tick_hz)
            - tick_clock.ns_at(self._first_ticks)
        ) / (NS_PER_S * tick_clock.tick_hz)
        begin_s = (tick_clock.ns_at(self._first_ticks) - start_ns) / NS_PER_S
        length_s = float(recording.time_s[-1] - recording.time_s[0])
        count = max(0, int((length_s - begin_s) / (tick_s * period_ticks)) + 1)
        at_s = recording.time_s[0] + begin_s + np.arange(count) * (tick_s * period_ticks)
        self._counts: list[npt.NDArray[np.int16]] = []
        self._present: list[Bools] = []
        for volts in volts_of(recording):
            sampled_v, present = _sample(recording.time_s, volts, at_s)
            counts = np.floor(sampled_v * (_ADC_STEPS_COUNTS / _ADC_FULL_SCALE_V))
            self._counts.append(np.clip(counts, 0, _ADC_STEPS_COUNTS - 1).astype(np.int16))
            self._present.append(present)
        self._detectors = [ContactDetector(settings), ContactDetector(settings)]
        self._channels = (Channel.LEFT_FOOT, Channel.RIGHT_FOOT)
        self._blocks = [list(_blocks(present)) for present in self._present]
        self._next_block = [0, 0]
        # Where either foot's gap begins or ends.
        kind = self._present[0] * 2 + self._present[1]
        self._cuts: list[int] = (np.flatnonzero(np.diff(kind)) + 1).tolist()
        self._next_sample = 0

    @property
    def ended(self) -> bool:
        """True once the recording's last sample has been taken."""
        return self._next_sample >= self._counts[0].size

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """Everything that the board found before `until_ticks` since the last call."""
        first = self._next_sample
        due = -(-(until_ticks - self._first_ticks) // self._period_ticks)
        last = max(first, min(due, self._counts[0].size))
        self._next_sample = last
        found: list[tuple[int, Press | Counts]] = []
        if first == last:
            return []
        cuts = self._cuts[bisect_right(self._cuts, first) : bisect_left(self._cuts, last)]
        for start, stop in zip([first, *cuts], [*cuts, last], strict=True):
            for channel, edges in zip(self._channels, self._detect(start, stop), strict=True):
                found += [(edge.found_ticks, _press(channel, edge)) for edge in edges]
        for foot, channel in enumerate(self._channels):
            found += self._due_blocks(foot, channel, last)
        found.sort(key=lambda item: item[0])
        return [item for _, item in found]

    def _detect(self, start: int, stop: int) -> tuple[list[DetectedEdge], list[DetectedEdge]]:
        """Edges of both feet in samples [start, stop), where neither foot's gap begins or ends."""
        left, right = self._detectors
        here = [bool(present[start]) for present in self._present]
        for detector, foot_here in zip(self._detectors, here, strict=True):
            if not foot_here:
                detector.reset()
        first_ticks = self._first_ticks + start * self._period_ticks
        left_counts, right_counts = (counts[start:stop].tolist() for counts in self._counts)
        if all(here):
            return run_feet(left, right, left_counts, right_counts, first_ticks, self._period_ticks)
        lefts = left.run(left_counts, first_ticks) if here[0] else []
        rights = right.run(right_counts, first_ticks) if here[1] else []
        return lefts, rights

    def _due_blocks(self, foot: int, channel: Channel, until: int) -> list[tuple[int, Counts]]:
        due: list[tuple[int, Counts]] = []
        blocks = self._blocks[foot]
        while self._next_block[foot] < len(blocks):
            start, stop = blocks[self._next_block[foot]]
            if stop > until:
                break
            self._next_block[foot] += 1
            counts = self._counts[foot][start:stop:_BLOCK_EVERY_SAMPLES].tolist()
            first_ticks = self._first_ticks + start * self._period_ticks
            every_ticks = _BLOCK_EVERY_SAMPLES * self._period_ticks
            due.append(
                (
                    first_ticks + (len(counts) - 1) * every_ticks,
                    Counts(channel, first_ticks, every_ticks, counts),
                )
            )
        return due


def _press(channel: Channel, edge: DetectedEdge) -> Press:
    return Press(channel, edge.edge, edge.ticks, edge.peak_counts, edge.duration_ticks)


def volts_of(recording: ForceRecording) -> tuple[Floats, Floats]:
    """What the left and the right sensor put at the ADC, 0-5 V, both of shape (n,)."""
    feet = (recording.left, recording.right)
    both = np.concatenate(feet)
    both = both[np.isfinite(both)]
    low_v, high_v = 0.0, _ADC_FULL_SCALE_V
    low, high = _SWITCH_LOW_COUNTS, _SWITCH_HIGH_COUNTS
    if not (recording.in_counts and both.min() >= low and both.max() <= high):
        low_v, high_v = _OTHER_LOW_V, _OTHER_HIGH_V
        low, high = (float(edge) for edge in np.percentile(both, _OTHER_EDGES_PERCENT))
    gain = (high_v - low_v) / (high - low) if high > low else 0.0
    left_v, right_v = (low_v + (foot - low) * gain for foot in feet)
    return left_v, right_v


def _sample(time_s: Floats, volts: Floats, at_s: Floats) -> tuple[Floats, Bools]:
    """Volts at `at_s` by linear interpolation, and where the recording has them."""
    known = np.flatnonzero(np.isfinite(volts))
    if known.size == 0:
        return np.zeros(at_s.size), np.zeros(at_s.size, dtype=np.bool_)
    known_s = time_s[known]
    usual_s = float(np.median(np.diff(time_s)))
    longest_s = max(_LONGEST_BRIDGED_S, 1.5 * usual_s)
    after = np.searchsorted(known_s, at_s, side="right")
    before_s = known_s[np.maximum(after - 1, 0)]
    after_s = known_s[np.minimum(after, known_s.size - 1)]
    present: Bools = (at_s >= known_s[0]) & (at_s <= known_s[-1])
    present &= (after_s - before_s <= longest_s) | (at_s == before_s)
    return np.interp(at_s, known_s, volts[known]), present


def _blocks(present: Bools) -> Iterator[tuple[int, int]]:
    """[start, stop) of every block of counts; the last before a gap or the end may be short."""
    edges = np.flatnonzero(np.diff(present.astype(np.int8), prepend=0, append=0))
    length = _BLOCK_EVERY_SAMPLES * _BLOCK_COUNTS
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for begin in range(start, stop, length):
            yield begin, min(begin + length, stop)
