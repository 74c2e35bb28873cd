from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.ports import Channel, Edge
from andante.signal_file import ForceRecording
from andante.simulated.replay import ReplaySource
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_S
from support.walkers import MadeWalk, assert_same_times, make_walk

ZERO_NS = 5_000 * NS_PER_S
START_NS = ZERO_NS + 3 * NS_PER_S + 123_457
CLOCK = TickClock(zero_ns=ZERO_NS, rate_error_ppm=80.0)


def recording(walk: MadeWalk, low: float = -1800.0, high: float = 900.0) -> ForceRecording:
    left, right = (low + (high - low) * foot for foot in (walk.left, walk.right))
    return ForceRecording(Path("made.csv"), walk.time_s, left, right, 300.0, in_counts=True)


def play(source: ReplaySource, step_ticks: int = 25_000) -> list[Press | Counts]:
    found: list[Press | Counts] = []
    until_ticks = 0
    while not source.ended:
        until_ticks += step_ticks
        found += source.advance(until_ticks)
    return found


def presses_s(
    found: list[Press | Counts], channel: Channel, edge: Edge = Edge.ON
) -> npt.NDArray[np.float64]:
    """Times of presses on the recording's own clock."""
    ticks = [
        p.ticks for p in found if isinstance(p, Press) and (p.channel, p.edge) == (channel, edge)
    ]
    return np.array([(CLOCK.ns_at(t) - START_NS) / NS_PER_S for t in ticks])


def test_contacts_come_at_the_recordings_own_times_whatever_the_boards_clock_does() -> None:
    walk = make_walk(40)
    found = play(ReplaySource(recording(walk), CLOCK, START_NS))
    for channel, contacts_s, offs_s in (
        (Channel.LEFT_FOOT, walk.left_contacts_s, walk.left_offs_s),
        (Channel.RIGHT_FOOT, walk.right_contacts_s, walk.right_offs_s),
    ):
        assert_same_times(presses_s(found, channel), contacts_s, 3, 0.008)
        assert_same_times(presses_s(found, channel, Edge.OFF), offs_s, 3, 0.016)


@settings(max_examples=12, deadline=None)
@given(steps=st.lists(st.integers(0, 400_000), min_size=1, max_size=20))
def test_how_often_it_is_asked_changes_nothing(steps: list[int]) -> None:
    walk = make_walk(8)
    once = play(ReplaySource(recording(walk), CLOCK, START_NS), 10_000_000)
    source = ReplaySource(recording(walk), CLOCK, START_NS)
    often: list[Press | Counts] = []
    until_ticks = 0
    for step_ticks in steps:
        until_ticks += step_ticks
        often += source.advance(until_ticks)
    often += source.advance(10_000_000)
    assert source.ended
    # Of two things that one sample ends, the foot's edge comes first.
    assert sorted(map(repr, often)) == sorted(map(repr, once))
    assert [p for p in often if isinstance(p, Press)] == [p for p in once if isinstance(p, Press)]


def test_nothing_comes_before_its_time_and_nothing_after_the_end() -> None:
    walk = make_walk(8)
    source = ReplaySource(recording(walk), CLOCK, START_NS)
    assert source.advance(CLOCK.ticks_at(START_NS)) == []
    for until_ticks in range(0, 3_000_000, 50_000):
        for item in source.advance(until_ticks):
            if isinstance(item, Press):
                assert item.ticks < until_ticks
            else:
                assert item.first_ticks + (len(item.counts) - 1) * item.period_ticks < until_ticks
    assert source.ended
    end_ticks = CLOCK.ticks_at(START_NS + 8 * NS_PER_S)
    assert source.advance(end_ticks + 10_000_000) == []


def test_counts_are_what_the_adc_reads_a_hundred_times_a_second() -> None:
    walk = make_walk(8)
    found = play(ReplaySource(recording(walk), CLOCK, START_NS))
    blocks = [c for c in found if isinstance(c, Counts) and c.channel == Channel.LEFT_FOOT]
    assert {block.period_ticks for block in blocks} == {2500}
    assert all(len(block.counts) == 20 for block in blocks[:-1])
    ticks = np.concatenate([b.first_ticks + 2500 * np.arange(len(b.counts)) for b in blocks])
    assert set(np.diff(ticks).tolist()) == {2500}
    at_s = np.array([(CLOCK.ns_at(t) - START_NS) / NS_PER_S for t in ticks.tolist()])
    volts = (np.interp(at_s, walk.time_s, -1800 + 2700 * walk.left) + 2048) / 4095 * 5
    read = np.concatenate([b.counts for b in blocks])
    np.testing.assert_array_less(np.abs(read - volts * 1024 / 5), 1.01)


@pytest.mark.parametrize(("unit", "offset"), [(1000.0, 0.0), (5.0, 0.0), (1e-3, 40.0)])
def test_other_units_give_the_same_steps(unit: float, offset: float) -> None:
    walk = make_walk(20)
    known = recording(walk)
    other = replace(
        known, left=offset + unit * walk.left, right=offset + unit * walk.right, in_counts=False
    )
    expected_s = presses_s(play(ReplaySource(known, CLOCK, START_NS)), Channel.LEFT_FOOT)
    found_s = presses_s(play(ReplaySource(other, CLOCK, START_NS)), Channel.LEFT_FOOT)
    assert found_s == pytest.approx(expected_s, abs=0.002)
    assert found_s.size >= 10


def test_a_sensor_that_is_not_worn_stays_silent_in_any_unit() -> None:
    walk = make_walk(20)
    noise = np.random.default_rng(2).normal(0, 3, walk.time_s.size)
    one_foot = replace(recording(walk), left=500 * walk.left, right=noise, in_counts=False)
    found = play(ReplaySource(one_foot, CLOCK, START_NS))
    assert presses_s(found, Channel.LEFT_FOOT).size >= 10
    assert presses_s(found, Channel.RIGHT_FOOT).size == 0


def test_in_a_gap_there_is_neither_count_nor_contact_and_the_other_foot_walks_on() -> None:
    walk = make_walk(30)
    whole = recording(walk)
    left = whole.left.copy()
    left[(walk.time_s >= 10) & (walk.time_s < 15)] = np.nan
    found = play(ReplaySource(replace(whole, left=left), CLOCK, START_NS))
    on_s = presses_s(found, Channel.LEFT_FOOT)
    assert not np.any((on_s > 9.95) & (on_s < 15))
    assert_same_times(on_s, walk.left_contacts_s, 18, 0.008)
    right_s = presses_s(found, Channel.RIGHT_FOOT)
    assert_same_times(right_s, walk.right_contacts_s, 3, 0.008)
    for block in found:
        if isinstance(block, Counts) and block.channel == Channel.LEFT_FOOT:
            last_ticks = block.first_ticks + (len(block.counts) - 1) * block.period_ticks
            first_s, last_s = (
                (CLOCK.ns_at(t) - START_NS) / NS_PER_S for t in (block.first_ticks, last_ticks)
            )
            assert last_s < 10 or first_s >= 14.99


def test_rows_missing_from_the_file_are_a_gap_and_a_single_cell_is_bridged() -> None:
    walk = make_walk(30)
    whole = recording(walk)
    keep = (walk.time_s < 10) | (walk.time_s >= 15)
    holed = replace(whole, time_s=walk.time_s[keep], left=whole.left[keep], right=whole.right[keep])
    on_s = presses_s(play(ReplaySource(holed, CLOCK, START_NS)), Channel.LEFT_FOOT)
    assert not np.any((on_s > 9.95) & (on_s < 15))
    spotted = whole.left.copy()
    spotted[50::97] = np.nan
    plain_s = presses_s(play(ReplaySource(whole, CLOCK, START_NS)), Channel.LEFT_FOOT)
    bridged = replace(whole, left=spotted)
    bridged_s = presses_s(play(ReplaySource(bridged, CLOCK, START_NS)), Channel.LEFT_FOOT)
    assert bridged_s == pytest.approx(plain_s, abs=0.008)


def test_a_recording_may_begin_at_any_time_of_its_own() -> None:
    walk = make_walk(12)
    later = replace(recording(walk), time_s=walk.time_s + 1234.5)
    assert presses_s(
        play(ReplaySource(later, CLOCK, START_NS)), Channel.LEFT_FOOT
    ) == pytest.approx(
        presses_s(play(ReplaySource(recording(walk), CLOCK, START_NS)), Channel.LEFT_FOOT),
        abs=0.0015,
    )
