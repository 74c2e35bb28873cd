"""Beats come from the timeline and never from the beat before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.timebase import NS_PER_S
from andante.timeline.metronome import Metronome, interval_ns_of

tempos = st.floats(min_value=20, max_value=240)
changes = st.lists(st.tuples(st.floats(min_value=0.01, max_value=60), tempos), max_size=6)


def _with_changes(tempo: float, steps: list[tuple[float, float]]) -> Metronome:
    metronome = Metronome(5 * NS_PER_S, tempo)
    at_ns = 5 * NS_PER_S
    for after_s, new_tempo in steps:
        at_ns += round(after_s * NS_PER_S)
        metronome.set_tempo(at_ns, new_tempo)
    return metronome


@given(tempos, st.integers(min_value=0, max_value=100_000))
def test_a_steady_beat_never_drifts(tempo: float, beat: int) -> None:
    metronome = Metronome(7, tempo)
    exact_ns = 7 + beat * 60 * NS_PER_S / tempo
    assert abs(metronome.time_of_beat(beat) - exact_ns) <= 1


@given(tempos, changes)
def test_phase_never_jumps_when_the_tempo_changes(
    tempo: float, steps: list[tuple[float, float]]
) -> None:
    metronome = _with_changes(tempo, steps)
    at_ns = 5 * NS_PER_S
    for after_s, _ in steps:
        at_ns += round(after_s * NS_PER_S)
        before, after = metronome.phase_at(at_ns - 1), metronome.phase_at(at_ns + 1)
        assert 0 < after - before < 2 * 2 / interval_ns_of(240)


@given(tempos, changes)
def test_beats_fall_where_the_phase_is_whole(
    tempo: float, steps: list[tuple[float, float]]
) -> None:
    metronome = _with_changes(tempo, steps)
    times = [metronome.time_of_beat(n) for n in range(200)]
    assert times == sorted(times)
    for beat, time_ns in enumerate(times):
        assert metronome.phase_at(time_ns) == pytest.approx(beat, abs=1e-6)


@given(tempos, changes)
def test_a_change_leaves_the_past_alone(tempo: float, steps: list[tuple[float, float]]) -> None:
    metronome = _with_changes(tempo, steps)
    before = [metronome.time_of_beat(n) for n in range(50)]
    last_ns = before[-1] + 1
    change_ns = max(last_ns, 5 * NS_PER_S + sum(round(s * NS_PER_S) for s, _ in steps))
    metronome.set_tempo(change_ns, 61.0)
    assert [metronome.time_of_beat(n) for n in range(50)] == before


@pytest.mark.parametrize("tempo", [0.0, -1.0, float("nan")])
def test_a_tempo_must_be_positive(tempo: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Metronome(0, tempo)
    with pytest.raises(ValueError, match="above zero"):
        Metronome(0, 60).set_tempo(1, tempo)


def test_changes_come_in_order() -> None:
    metronome = Metronome(0, 60)
    metronome.set_tempo(100, 70)
    with pytest.raises(ValueError, match="before"):
        metronome.set_tempo(99, 80)
