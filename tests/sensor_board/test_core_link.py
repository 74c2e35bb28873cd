"""The C core as the board at the end of the project's own link, in simulated time."""

from typing import cast

from andante.board.link import BoardLink
from andante.ports import Edge, FaultKind, Response
from andante.simulated.board import SimulatedBoard
from andante.simulated.serial_line import SimulatedLine
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, SimulatedClock
from support import core as c_core
from support.board import PUMP_NS, Heard
from support.core import TICK_HZ, CoreBoard

STEP_NS = NS_PER_MS
BYTE_NS = 40 * NS_PER_US
TAPS_PER_S, PADS = 4, 4  # a drum circle: with both feet 36 edges a second


class TimedCore:
    """The C core with a clock, a line of 250 000 baud and edges that come by themselves.

    Pads at 4 taps a second and both feet at a step a second each: `on` and `off`.
    """

    def __init__(self, tick_clock: TickClock, duration_s: float, pads: int) -> None:
        self._clock = tick_clock
        self.core = CoreBoard(c_core.library(), boot_id=7, hello_flags=1)
        self._now_ns = tick_clock.zero_ns
        self._line_free_ns = 0
        self._sent: list[tuple[int, bytes]] = []
        self.edges: list[tuple[int, int, bool]] = []
        for channel, per_s in [(2 + pad, TAPS_PER_S) for pad in range(pads)] + [(0, 1), (1, 1)]:
            period_ticks = TICK_HZ // per_s
            for number in range(int(duration_s * per_s)):
                # Uneven, so that a shift by one would show.
                ticks = 8 * TICK_HZ + number * period_ticks + channel * 9001 + number * 7919 % 5000
                self.edges.append((ticks, channel, False))
                self.edges.append((ticks + period_ticks // 3, channel, True))
        self.edges.sort()
        self._next_edge = 0
        self._began: dict[int, int] = {}

    def run_until(self, now_ns: int) -> None:
        while self._now_ns < now_ns:
            self._now_ns = min(self._now_ns + STEP_NS, now_ns)
            ticks = self._clock.ticks_at(self._now_ns)
            while self._next_edge < len(self.edges) and self.edges[self._next_edge][0] <= ticks:
                at_ticks, channel, off = self.edges[self._next_edge]
                if off:
                    self.core.push(channel, True, at_ticks, 700, at_ticks - self._began[channel])
                else:
                    self._began[channel] = at_ticks
                    self.core.push(channel, False, at_ticks)
                self._next_edge += 1
            self._say()

    def _say(self) -> None:
        while self._line_free_ns <= self._now_ns:
            data, leave_ticks = self.core.next_frame(self._clock.ticks_at(self._now_ns))
            if not data:
                break
            starts_ns = self._now_ns if leave_ticks is None else self._clock.ns_at(leave_ticks)
            self._line_free_ns = starts_ns + len(data) * BYTE_NS
            self._sent.append((self._line_free_ns, data))

    def receive(self, data: bytes, time_ns: int) -> None:
        self.run_until(time_ns)
        self.core.receive(data, self._clock.ticks_at(time_ns))
        self._say()

    def take_sent(self) -> list[tuple[int, bytes]]:
        ready = [sent for sent in self._sent if sent[0] <= self._now_ns]
        self._sent = self._sent[len(ready) :]
        return ready


def run(
    duration_s: float, damage_rate: float, outages_s: list[tuple[float, float]], pads: int = PADS
) -> tuple[TimedCore, BoardLink, Heard]:
    clock = SimulatedClock()
    start_ns = clock.now_ns()
    tick_clock = TickClock(start_ns - 7 * NS_PER_S - 1234, TICK_HZ, 40.0)
    timed = TimedCore(tick_clock, duration_s, pads)
    line = SimulatedLine(
        cast(SimulatedBoard, timed),
        clock,
        seed=3,
        damage_rate=damage_rate,
        outages=[(start_ns + round(a * NS_PER_S), start_ns + round(b * NS_PER_S))
                 for a, b in outages_s],
    )  # fmt: skip
    link = BoardLink(line, clock)
    heard = Heard()
    link.start()
    end_ns = start_ns + round((duration_s + 4) * NS_PER_S)
    while clock.now_ns() < end_ns:
        clock.sleep_until_ns(clock.now_ns() + PUMP_NS)
        heard.add(link.take_news())
    link.stop()
    timed.core.close()
    return timed, link, heard


def told(response: Response) -> tuple[int, int, bool]:
    names = ("left", "right", "tap1", "tap2", "tap3", "tap4")
    return response.ticks, names.index(response.channel), response.edge is Edge.OFF


def check_nothing_lost(timed: TimedCore, link: BoardLink, heard: Heard, first_ticks: int) -> None:
    got = [told(r) for r in heard.responses]
    assert got == [edge for edge in timed.edges if edge[0] >= first_ticks]
    assert [r.event_seq for r in heard.responses] == list(range(len(got)))
    assert link.counts().events_lost == 0
    for response in heard.responses:
        if response.edge is Edge.OFF:
            assert response.peak_counts == 700


def test_a_clean_line_hands_on_every_event_in_order() -> None:
    timed, link, heard = run(6.0, 0.0, [])
    first_ticks = heard.responses[0].ticks
    assert len(heard.responses) > 6 * 30
    check_nothing_lost(timed, link, heard, first_ticks)
    assert heard.faults == []


OUTAGES_S = [(8.0, 10.0), (16.0, 18.0), (24.3, 26.3), (33.1, 35.1)]


def test_a_drum_circle_loses_nothing_in_outages_of_2_s() -> None:
    timed, link, heard = run(40.0, 0.0, OUTAGES_S)
    check_nothing_lost(timed, link, heard, heard.responses[0].ticks)
    assert len(heard.responses) > 38 * 36
    assert heard.count(FaultKind.LINK_LOST) == len(OUTAGES_S)


def test_damage_and_outages_of_2_s_lose_nothing() -> None:
    """1 % of all bytes damaged both ways, four outages; a walk with two pads, 20 edges a second.

    Every fifth event is damaged then, and each waits up to 50 ms to be sent again. At the 36
    edges a second of a whole drum circle the ring is all but full after 2 s, and what such a
    line carries does not empty it for sure before the next outage.
    """
    timed, link, heard = run(45.0, 0.01, OUTAGES_S, pads=2)
    check_nothing_lost(timed, link, heard, heard.responses[0].ticks)
    assert len(heard.responses) > 43 * 20
    assert heard.count(FaultKind.LINK_LOST) >= len(OUTAGES_S)
    assert link.counts().frames_bad > 50
    assert link.counts().events_recovered > 50
    print(f"{len(heard.responses)} events, {link.counts()}")


def test_a_longer_outage_loses_events_and_says_how_many() -> None:
    timed, link, heard = run(20.0, 0.0, [(8.0, 14.0)])
    got = {told(r) for r in heard.responses}
    missing = [e for e in timed.edges if e[0] >= heard.responses[0].ticks and e not in got]
    assert len(missing) > 50
    assert link.counts().events_lost == len(missing)
    assert heard.count(FaultKind.EVENTS_LOST) == len(missing)
