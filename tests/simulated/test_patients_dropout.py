"""Sensors that fail take away what they should and nothing else."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from andante.ports import Channel, Edge
from andante.simulated.source import Counts, Dropout, Failure, FailureSpan, Press, TickClock

CLOCK = TickClock(zero_ns=0, tick_hz=1000)
MS = 1_000_000
PERIOD_TICKS = 10
BLOCK_SAMPLES = 5
SAMPLES = 40


class Steps:
    """A foot that is down for 100 of every 200 ms, and a belt, 400 ms of both."""

    ended = False

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        items: list[Press | Counts] = []
        for ticks in range(0, 400, 100):
            edge = Edge.ON if ticks % 200 == 0 else Edge.OFF
            items.append(Press(Channel.LEFT_FOOT, edge, ticks))
        for channel in (Channel.LEFT_FOOT, Channel.BELT):
            for first in range(0, SAMPLES, BLOCK_SAMPLES):
                values = list(range(first, first + BLOCK_SAMPLES))
                items.append(Counts(channel, first * PERIOD_TICKS, PERIOD_TICKS, values))
        return items if until_ticks > 400 else []


def felt(spans: Sequence[FailureSpan]) -> tuple[list[tuple[Edge, int]], dict[int, int], list[int]]:
    """Edges and counts by tick of the left foot, and the belt's counts."""
    items = Dropout(Steps(), CLOCK, spans).advance(1000)
    presses = [(i.edge, i.ticks) for i in items if isinstance(i, Press)]
    foot: dict[int, int] = {}
    belt: list[int] = []
    for item in items:
        if isinstance(item, Counts) and item.channel is Channel.BELT:
            belt.extend(item.counts)
        elif isinstance(item, Counts):
            for place, counts in enumerate(item.counts):
                foot[item.first_ticks + place * item.period_ticks] = counts
    return presses, foot, belt


def span(start_ms: int, end_ms: int, failure: Failure) -> FailureSpan:
    return FailureSpan(Channel.LEFT_FOOT, start_ms * MS, end_ms * MS, failure, stuck_counts=999)


WHOLE = {place * PERIOD_TICKS: place for place in range(SAMPLES)}
EDGES = [(Edge.ON, 0), (Edge.OFF, 100), (Edge.ON, 200), (Edge.OFF, 300)]


def test_without_failure_everything_passes() -> None:
    assert felt([]) == (EDGES, WHOLE, list(WHOLE.values()))


def test_what_is_lost_leaves_a_hole_and_the_release_of_an_unfelt_press_goes_too() -> None:
    presses, foot, belt = felt([span(190, 250, Failure.LOST)])
    assert presses == EDGES[:2]
    assert foot == {t: c for t, c in WHOLE.items() if not 190 <= t < 250}
    assert belt == list(WHOLE.values())


def test_a_frozen_sensor_keeps_its_last_value() -> None:
    presses, foot, _ = felt([span(115, 145, Failure.FROZEN)])
    assert presses == EDGES
    assert foot == WHOLE | {120: 11, 130: 11, 140: 11}


def test_a_sensor_frozen_from_the_first_keeps_its_first_value() -> None:
    _, foot, _ = felt([span(0, 30, Failure.FROZEN)])
    assert foot == WHOLE | {10: 0, 20: 0}


def test_a_stuck_sensor_has_one_value_and_feels_nothing() -> None:
    presses, foot, _ = felt([span(0, 350, Failure.STUCK)])
    assert presses == []
    assert foot == {t: 999 if t < 350 else c for t, c in WHOLE.items()}


@given(st.lists(st.tuples(st.integers(0, 420), st.integers(0, 420), st.sampled_from(Failure))))
def test_no_release_is_felt_without_its_press_and_nothing_outside_changes(
    raw: list[tuple[int, int, Failure]],
) -> None:
    spans = [span(a, b, failure) for a, b, failure in raw]
    presses, foot, belt = felt(spans)
    down = False
    for edge, _ in presses:
        assert edge is Edge.ON or down
        down = edge is Edge.ON
    assert belt == list(WHOLE.values())
    for ticks, counts in WHOLE.items():
        if not any(a <= ticks < b for a, b, _ in raw):
            assert foot[ticks] == counts
