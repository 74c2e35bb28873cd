"""What the simulated board's inputs feel, the clock it stamps with, and sensors that fail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count, groupby
from typing import Protocol

from andante.ports import Channel, Edge
from andante.timebase import NS_PER_S


@dataclass(frozen=True)
class TickClock:
    """The truth that clock sync has to find: the board's counter as a function of session time.

    The counter reads 0 at `zero_ns` and runs `rate_error_ppm` faster than `tick_hz`.
    """

    zero_ns: int
    tick_hz: int = 250_000
    rate_error_ppm: float = 0.0

    def ticks_at(self, time_ns: int) -> int:
        """The counter's reading at `time_ns`: whole ticks, the last one begun."""
        rate = 1.0 + self.rate_error_ppm * 1e-6
        return int((time_ns - self.zero_ns) * rate * self.tick_hz // NS_PER_S)

    def ns_at(self, ticks: float) -> int:
        """The session time at which the counter turned to `ticks`."""
        rate = 1.0 + self.rate_error_ppm * 1e-6
        return self.zero_ns + round(ticks * NS_PER_S / (self.tick_hz * rate))


@dataclass(frozen=True)
class Press:
    """One threshold crossing on one input, as the board's own detector stamped it."""

    channel: Channel
    edge: Edge
    ticks: int
    peak_counts: int | None = None  # with the off edge
    duration_ticks: int | None = None  # with the off edge


@dataclass(frozen=True)
class Counts:
    """Raw samples of one input, `period_ticks` apart."""

    channel: Channel
    first_ticks: int
    period_ticks: int
    counts: Sequence[int]


class Source(Protocol):
    """A simulated patient or a recording at the simulated board's inputs."""

    @property
    def ended(self) -> bool:
        """True once nothing more will come."""
        ...

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """Everything that happened before `until_ticks` since the last call, in order of time."""
        ...


# --- sensors that fail ----------------------------------------------------------------------


class Failure(StrEnum):
    """How a sensor fails. Whichever it is, no press begins or ends."""

    LOST = "lost"  # nothing comes at all
    FROZEN = "frozen"  # the last value stays
    STUCK = "stuck"  # one value, whatever happens


@dataclass(frozen=True)
class FailureSpan:
    """One channel fails in [start_ns, end_ns). `stuck_counts` is for `Failure.STUCK` alone."""

    channel: Channel
    start_ns: int
    end_ns: int
    failure: Failure = Failure.LOST
    stuck_counts: int = 0


class Dropout:
    """A `Source` whose sensors fail for a while; everything else passes as it is.

    The release of a press whose beginning was swallowed is swallowed too, as a board that never
    felt the foot come down does not feel it leave.
    """

    def __init__(self, source: Source, tick_clock: TickClock, spans: Sequence[FailureSpan]) -> None:
        """Where spans of one channel overlap, the first of them counts."""
        self._source = source
        self._clock = tick_clock
        self._spans = tuple(spans)
        self._unfelt: set[Channel] = set()
        self._last_counts: dict[Channel, int] = {}

    @property
    def ended(self) -> bool:
        """As the source."""
        return self._source.ended

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """What the source has to give, without what was lost."""
        passed: list[Press | Counts] = []
        for item in self._source.advance(until_ticks):
            if isinstance(item, Counts):
                passed.extend(self._counts(item))
            elif self._is_felt(item):
                passed.append(item)
        return passed

    def _failing(self, channel: Channel, ticks: int) -> FailureSpan | None:
        time_ns = self._clock.ns_at(ticks)
        for span in self._spans:
            if span.channel is channel and span.start_ns <= time_ns < span.end_ns:
                return span
        return None

    def _is_felt(self, press: Press) -> bool:
        failing = self._failing(press.channel, press.ticks) is not None
        if press.edge is Edge.ON:
            (self._unfelt.add if failing else self._unfelt.discard)(press.channel)
            return not failing
        return not failing and press.channel not in self._unfelt

    def _counts(self, block: Counts) -> list[Counts]:
        """The block, with other values or in pieces around what was lost."""
        felt = [
            (ticks, self._felt(block.channel, ticks, value))
            for ticks, value in zip(
                count(block.first_ticks, block.period_ticks), block.counts, strict=False
            )
        ]
        return [
            replace(block, first_ticks=run[0][0], counts=[counts for _, counts in run])
            for run in _runs(felt)
        ]

    def _felt(self, channel: Channel, ticks: int, counts: int) -> int | None:
        span = self._failing(channel, ticks)
        if span is None:
            self._last_counts[channel] = counts
        elif span.failure is Failure.LOST:
            return None
        elif span.failure is Failure.STUCK:
            return span.stuck_counts
        return self._last_counts.setdefault(channel, counts)


def _runs(felt: Sequence[tuple[int, int | None]]) -> list[list[tuple[int, int]]]:
    """What was felt, cut where something was not."""
    runs: list[list[tuple[int, int]]] = []
    for was_lost, run in groupby(felt, key=lambda sample: sample[1] is None):
        if not was_lost:
            runs.append([(ticks, counts) for ticks, counts in run if counts is not None])
    return runs
