"""Which cues may flash: at most three in any second, evenly, whatever the tempo does."""

import math
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.safety import MAX_FLASHES_PER_S
from andante.timebase import NS_PER_MS, NS_PER_S
from andante.timeline.flash_gate import SHORTEST_GAP_NS, FlashGate
from andante.timeline.metronome import Metronome

ALMOST_A_SECOND_NS = 3 * SHORTEST_GAP_NS  # a nanosecond less, since a third of it is not whole


def most_in_a_second(times_ns: list[int], window_ns: int = NS_PER_S) -> int:
    ordered = sorted(times_ns)
    return max(
        (sum(start <= t < start + window_ns for t in ordered) for start in ordered), default=0
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 20 * NS_PER_S), max_size=120))
def test_no_second_holds_more_than_three_in_whatever_order_they_are_asked_for(
    times_ns: list[int],
) -> None:
    gate = FlashGate()
    allowed = [t for t in times_ns if gate.allow(t)]
    assert most_in_a_second(allowed, ALMOST_A_SECOND_NS) <= MAX_FLASHES_PER_S
    if times_ns:
        assert allowed[0] == times_ns[0]


@settings(deadline=None)
@given(st.floats(20, 360), st.integers(0, 10**12))
def test_a_steady_tempo_is_lit_on_every_nth_beat(tempo_bpm: float, start_ns: int) -> None:
    metronome, gate = Metronome(start_ns, tempo_bpm), FlashGate()
    lit = [beat for beat in range(60) if gate.allow(metronome.time_of_beat(beat))]
    every = math.ceil(tempo_bpm / (60 * MAX_FLASHES_PER_S))
    # On the border itself rounding decides.
    if abs(tempo_bpm - 180 * every) > 1e-3 and abs(tempo_bpm - 180 * (every - 1)) > 1e-3:
        assert lit == list(range(0, 60, every))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(20, 240), st.integers(1, 12)), min_size=1, max_size=20),
)
def test_no_change_of_tempo_makes_a_fourth_flash(changes: list[tuple[float, int]]) -> None:
    intervals_ns = [round(60 * NS_PER_S / bpm) for bpm, count in changes for _ in range(count)]
    gate = FlashGate()
    lit = [t for t in accumulate(intervals_ns) if gate.allow(t)]
    assert most_in_a_second(lit, ALMOST_A_SECOND_NS) <= MAX_FLASHES_PER_S
    # And no light is withheld that could have been given: the beat before was lit too lately.
    beats_ns = list(accumulate(intervals_ns))
    for before, after in pairwise(lit):
        between = [t for t in beats_ns if before < t < after]
        assert all(t - before < SHORTEST_GAP_NS for t in between)


@pytest.mark.parametrize("tempo_bpm", [180.0, 179.9, 90.0])
def test_up_to_180_a_minute_every_beat_is_lit(tempo_bpm: float) -> None:
    metronome, gate = Metronome(123_456_789, tempo_bpm), FlashGate()
    assert all(gate.allow(metronome.time_of_beat(beat)) for beat in range(500))


def test_what_is_asked_for_long_after_is_refused() -> None:
    gate = FlashGate()
    assert gate.allow(10 * NS_PER_S)
    assert gate.allow(5 * NS_PER_S)
    assert not gate.allow(5 * NS_PER_S - 1)
    assert not gate.allow(2 * NS_PER_S)


def test_an_answer_between_two_planned_flashes_stays_dark() -> None:
    gate = FlashGate()
    assert gate.allow(NS_PER_S)
    assert gate.allow(NS_PER_S + 400 * NS_PER_MS)
    assert not gate.allow(NS_PER_S + 200 * NS_PER_MS)
    assert not gate.allow(NS_PER_S + 700 * NS_PER_MS)
    assert gate.allow(NS_PER_S + 734 * NS_PER_MS)
