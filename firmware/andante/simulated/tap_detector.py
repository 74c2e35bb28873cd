"""The tap detector, exactly as the sensor board's chip does it.

Integers only, 10-bit counts at 4 kHz, one sample at a time: the twin of
`firmware/sensor_board/core/tap.c`, which has to give the same events for the same counts.

1. At rest the level is followed slowly upward (256 ms) and fast downward (32 ms). A rise that
   stays below the threshold for 10 ms is a hand that was laid down: that is the new rest.
2. A tap is more than a threshold above rest: a fixed one or, where that is more, a share of the
   lately highest peak, so that the neighbour's strike that shakes this pad is no tap. One sample
   alone is a spike; the next one has to stay above half the threshold.
3. *When* the tap began is where the rise began: where the line through its first sample and the
   one that crossed the threshold meets the resting level. Where both are the same one, the line
   goes through the next sample, and the rise began after the last sample at rest; where it was
   over already then, in the middle between these two.
4. It is over when 4 ms have passed below half the threshold and an eighth of its peak, so that a
   ringing pad is one tap. For a refractory time after its beginning no other tap begins.

The method and its constants are our own; `tests/sensor_board` measures it against simulated
strikes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from andante.ports import Edge
from andante.simulated.detector import DetectedEdge

_REST_SHIFT_BITS = 6  # levels are kept in 64ths of a count
_REST_EVERY_SAMPLES = 16
_REST_RISE_SHIFT_BITS = 6
_REST_FALL_SHIFT_BITS = 3
_MEMORY_EVERY_SAMPLES = 256
_MEMORY_SHIFT_BITS = 8  # 1/256 every 64 ms: a time constant of 16 s
_START_COUNTS = 3
_START_SHIFT_BITS = 3
_PEAK_SHIFT_BITS = 3
_RELEASE_SAMPLES = 16
_LONGEST_RISE_SAMPLES = 40
_LONGEST_BACK_SAMPLES = 5  # before the first sample of the rise
_LONGEST_PRESS_SAMPLES = 16_000  # 4 s: what still presses then is the new rest


@dataclass(frozen=True)
class TapSettings:
    """What the board lets be set; the rest is constant. `on_percent` is of the highest peak."""

    sample_period_ticks: int = 500  # 250 µs of the board's 2 MHz counter
    on_counts: int = 20
    on_percent: int = 6
    refractory_samples: int = 160  # 40 ms


DEFAULT_TAP_SETTINGS = TapSettings()


class _Phase(Enum):
    AT_REST = auto()
    CONFIRMING = auto()
    PRESSED = auto()
    IGNORED = auto()  # pressed too early after the last tap to be another


class TapDetector:
    """One pad. Feed it every sample in order. `begun` is set by the sample that starts the tone."""

    def __init__(self, settings: TapSettings = DEFAULT_TAP_SETTINGS) -> None:
        self._s = settings
        self._samples = 0
        self._phase = _Phase.AT_REST
        self._rest = self._remembered = 0
        self._start_counts = self._on_counts = self._off_counts = 0
        self._first_ticks = self._on_ticks = self._off_ticks = 0
        self._first_counts = self._later_counts = self._peak_counts = 0
        self._refractory_samples = self._pressed_samples = 0
        self._rise_samples = self._below_samples = 0
        self.begun = False

    def step(self, counts: int, ticks: int) -> DetectedEdge | None:
        """One sample of 0-1023 counts, taken at `ticks`; usually nothing comes of it."""
        self.begun = False
        self._refractory_samples = max(0, self._refractory_samples - 1)
        if self._samples == 0:
            self._rest = counts << _REST_SHIFT_BITS
            self._set_levels()
        elif (
            self._phase is _Phase.AT_REST
            and self._samples % _REST_EVERY_SAMPLES == 0
            and counts < self._on_counts
        ):
            self._follow_rest(counts)
        self._samples += 1
        if self._phase is _Phase.AT_REST:
            self._at_rest(counts, ticks)
            return None
        if self._phase is _Phase.CONFIRMING:
            return self._confirming(counts, ticks)
        if self._phase is _Phase.PRESSED:
            return self._pressed(counts, ticks)
        if counts < self._off_counts:
            self._rest_now()
        elif self._is_new_rest():
            self._adopt_rest(counts)
        return None

    def run(self, counts: Iterable[int], first_ticks: int) -> list[DetectedEdge]:
        """Samples one period apart from `first_ticks` on."""
        period_ticks = self._s.sample_period_ticks
        edges = (self.step(now, first_ticks + i * period_ticks) for i, now in enumerate(counts))
        return [edge for edge in edges if edge is not None]

    def _set_levels(self) -> None:
        rest_counts = self._rest >> _REST_SHIFT_BITS
        share_counts = (self._remembered >> _REST_SHIFT_BITS) * self._s.on_percent // 100
        height_counts = max(self._s.on_counts, share_counts)
        self._start_counts = rest_counts + _START_COUNTS + (height_counts >> _START_SHIFT_BITS)
        self._on_counts = rest_counts + height_counts
        self._off_counts = rest_counts + (height_counts >> 1)

    def _follow_rest(self, counts: int) -> None:
        now = counts << _REST_SHIFT_BITS
        if now > self._rest:
            self._rest += (now - self._rest) >> _REST_RISE_SHIFT_BITS
        else:
            self._rest -= (self._rest - now) >> _REST_FALL_SHIFT_BITS
        if self._samples % _MEMORY_EVERY_SAMPLES == 0:
            self._remembered -= self._remembered >> _MEMORY_SHIFT_BITS
        self._set_levels()

    def _rest_now(self) -> None:
        self._phase = _Phase.AT_REST
        self._rise_samples = 0

    def _adopt_rest(self, counts: int) -> None:
        self._rest = counts << _REST_SHIFT_BITS
        self._set_levels()
        self._rest_now()

    def _raise_peak(self, counts: int) -> None:
        rest_counts = self._rest >> _REST_SHIFT_BITS
        self._peak_counts = counts
        over_counts = rest_counts + ((counts - rest_counts) >> _PEAK_SHIFT_BITS)
        self._off_counts = max(self._off_counts, over_counts)

    def _at_rest(self, counts: int, ticks: int) -> None:
        if counts <= self._start_counts:
            self._rise_samples = 0
            return
        self._rise_samples += 1
        if self._rise_samples == 1:
            self._first_ticks, self._first_counts = ticks, counts
        self._later_counts = counts
        if counts < self._on_counts:
            if self._rise_samples > _LONGEST_RISE_SAMPLES:
                self._adopt_rest(counts)
            return
        if self._refractory_samples > 0:
            self._phase = _Phase.IGNORED
            self._pressed_samples = 0
            return
        self._phase = _Phase.CONFIRMING
        self._raise_peak(counts)
        self.begun = True

    def _confirming(self, counts: int, ticks: int) -> DetectedEdge | None:
        if counts < self._off_counts:
            self._rest_now()
            return None
        if self._rise_samples == 1:
            self._later_counts = counts
        if counts > self._peak_counts:
            self._raise_peak(counts)
        self._on_ticks = self._onset_ticks()
        self._refractory_samples = self._s.refractory_samples
        self._pressed_samples = self._below_samples = 0
        self._phase = _Phase.PRESSED
        return DetectedEdge(Edge.ON, self._on_ticks, ticks)

    def _onset_ticks(self) -> int:
        period_ticks = self._s.sample_period_ticks
        at_once = self._rise_samples == 1
        height_counts = self._first_counts - (self._rest >> _REST_SHIFT_BITS)
        growth_counts = max(0, self._later_counts - self._first_counts)
        growth_samples = max(1, self._rise_samples - 1)
        back_ticks = period_ticks // 2
        if growth_counts > 0 and (not at_once or 2 * growth_counts >= height_counts):
            longest_ticks = period_ticks if at_once else _LONGEST_BACK_SAMPLES * period_ticks
            line_ticks = period_ticks * growth_samples * height_counts // growth_counts
            back_ticks = min(longest_ticks, line_ticks)
        return self._first_ticks - back_ticks

    def _is_new_rest(self) -> bool:
        self._pressed_samples += 1
        return self._pressed_samples >= _LONGEST_PRESS_SAMPLES

    def _pressed(self, counts: int, ticks: int) -> DetectedEdge | None:
        if counts > self._peak_counts:
            self._raise_peak(counts)
        if counts >= self._off_counts:
            self._below_samples = 0
            if not self._is_new_rest():
                return None
            self._off_ticks = ticks
            return self._release(counts, ticks)
        self._pressed_samples += 1
        if self._below_samples == 0:
            self._off_ticks = ticks - self._s.sample_period_ticks // 2
        self._below_samples += 1
        return None if self._below_samples < _RELEASE_SAMPLES else self._release(counts, ticks)

    def _release(self, counts: int, ticks: int) -> DetectedEdge:
        rest_counts = self._rest >> _REST_SHIFT_BITS
        height_counts = self._peak_counts - rest_counts
        self._remembered = max(self._remembered, height_counts << _REST_SHIFT_BITS)
        self._adopt_rest(max(counts, rest_counts))
        duration_ticks = self._off_ticks - self._on_ticks
        return DetectedEdge(Edge.OFF, self._off_ticks, ticks, self._peak_counts, duration_ticks)
