"""A simulated sensor board whose inputs are known, and the link to it in simulated time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from andante.board.link import BoardLink
from andante.ports import (
    FOOT_CHANNELS,
    BoardInfo,
    BoardNews,
    Channel,
    ClockProbe,
    Edge,
    Fault,
    FaultKind,
    Response,
    SampleBlock,
)
from andante.simulated.board import SimulatedBoard
from andante.simulated.serial_line import LineDelays, SimulatedLine
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, SimulatedClock

TICK_HZ = 250_000
PUMP_NS = 20 * NS_PER_MS


class ListSource:
    """A `Source` that plays presses and counts in order of the ticks at which they are done."""

    def __init__(self, items: Sequence[Press | Counts]) -> None:
        self._items = sorted(items, key=_done_ticks)
        self._next = 0

    @property
    def ended(self) -> bool:
        return self._next == len(self._items)

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        start = self._next
        while self._next < len(self._items) and _done_ticks(self._items[self._next]) < until_ticks:
            self._next += 1
        return self._items[start : self._next]


def _done_ticks(item: Press | Counts) -> int:
    if isinstance(item, Press):
        return item.ticks
    return item.first_ticks + (len(item.counts) - 1) * item.period_ticks


def steps(first_ticks: int, count: int, interval_ticks: int = TICK_HZ // 2) -> list[Press]:
    """`count` contacts of alternating feet, each with its release 60 % of an interval later."""
    presses: list[Press] = []
    for number in range(count):
        channel = (Channel.LEFT_FOOT, Channel.RIGHT_FOOT)[number % 2]
        # Uneven, so that a shift by one step would show.
        ticks = first_ticks + number * interval_ticks + (number * 7919) % 5000
        held_ticks = interval_ticks * 6 // 10
        presses.append(Press(channel, Edge.ON, ticks))
        presses.append(Press(channel, Edge.OFF, ticks + held_ticks, 500 + number % 100, held_ticks))
    return presses


def streams(first_ticks: int, duration_s: int, rate_hz: int = 100) -> list[Counts]:
    """Both feet's raw counts in blocks of 20; each count tells its own place."""
    period_ticks = TICK_HZ // rate_hz
    blocks = []
    for block in range(duration_s * rate_hz // 20):
        start = block * 20
        counts = tuple((start + i) % 30_000 for i in range(20))
        place_ticks = first_ticks + start * period_ticks
        blocks += [Counts(channel, place_ticks, period_ticks, counts) for channel in FOOT_CHANNELS]
    return blocks


@dataclass
class Heard:
    """Everything that a link has told so far."""

    infos: list[BoardInfo] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    samples: list[SampleBlock] = field(default_factory=list)
    probes: list[ClockProbe] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ended: bool = False

    def add(self, news: BoardNews) -> None:
        if news.info is not None:
            self.infos.append(news.info)
        self.responses += news.responses
        self.samples += news.samples
        self.probes += news.probes
        self.faults += news.faults
        self.ended = news.ended

    def count(self, kind: FaultKind) -> int:
        """The sum of the counts of all faults of one kind."""
        return sum(fault.count for fault in self.faults if fault.kind is kind)


class SimulatedRig:
    """Clock, board, line and link together, in simulated time."""

    def __init__(
        self,
        seed: int = 1,
        rate_error_ppm: float = 40.0,
        damage_rate: float = 0.0,
        outages_s: Sequence[tuple[float, float]] = (),
        delays: LineDelays | None = None,
        zero_before_start_ns: int = 7 * NS_PER_S + 1234,
    ) -> None:
        """`outages_s`: [start, end) in seconds after the rig's start."""
        self.clock = SimulatedClock()
        self.start_ns = self.clock.now_ns()
        self.tick_clock = TickClock(self.start_ns - zero_before_start_ns, TICK_HZ, rate_error_ppm)
        self.board = SimulatedBoard(self.tick_clock, seed=seed)
        self.line = SimulatedLine(
            self.board,
            self.clock,
            seed=seed,
            delays=delays,
            damage_rate=damage_rate,
            outages=[
                (self.start_ns + round(a * NS_PER_S), self.start_ns + round(b * NS_PER_S))
                for a, b in outages_s
            ],
        )
        self.link = BoardLink(self.line, self.clock)
        self.heard = Heard()

    def ticks_now(self) -> int:
        return self.tick_clock.ticks_at(self.clock.now_ns())

    def run(self, duration_s: float, until_ended: bool = False) -> None:
        """Pump the link every 20 ms for this long."""
        end_ns = self.clock.now_ns() + round(duration_s * NS_PER_S)
        while self.clock.now_ns() < end_ns and not (until_ended and self.heard.ended):
            self.clock.sleep_until_ns(self.clock.now_ns() + PUMP_NS)
            self.heard.add(self.link.take_news())

    def error_us(self, response: Response, counter_start_ticks: int = 0) -> float:
        """How far the translated time is from the middle of the tick it was stamped with."""
        truth_ns = self.tick_clock.ns_at(counter_start_ticks + response.ticks + 0.5)
        return (response.time_ns - truth_ns) / 1000
