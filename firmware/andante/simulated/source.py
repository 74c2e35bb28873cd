"""What the simulated board's inputs feel, and the clock it stamps with."""

from collections.abc import Sequence
from dataclasses import dataclass
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
