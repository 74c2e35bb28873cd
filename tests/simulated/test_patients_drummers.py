"""Drummers do their task: with the beat, without it, in turns, together. All simulated."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from andante.errors import AndanteError
from andante.ports import TAP_CHANNELS, Channel, Cue, CueKind, Edge
from andante.simulated.patients import (
    SETTINGS,
    Patient,
    Task,
    TrueResponse,
    make_patient,
    tell_stages,
)
from andante.timebase import NS_PER_S
from support.patients import (
    CLOCK,
    START_NS,
    Felt,
    asynchronies_ms,
    beats,
    spend,
    steady,
    vector_length,
)


def at_ns(time_s: float) -> int:
    return START_NS + round(time_s * NS_PER_S)


def drum(
    task: str,
    cues: list[Cue],
    length_s: float,
    setting: str = "healthy",
    seed: int = 5,
    pads: int = 3,
    look_ms: int = 200,
) -> tuple[list[TrueResponse], Felt]:
    patient = make_patient(task, setting, CLOCK, START_NS, at_ns(length_s), seed, pads)
    felt = spend(patient, at_ns(length_s), cues, look_ms)
    return responses(patient), felt


def responses(patient: Patient) -> list[TrueResponse]:
    found = [r for r in patient.truth if isinstance(r, TrueResponse)]
    assert len(found) == len(patient.truth)
    return found


def times_s(truth: list[TrueResponse], from_s: float = 0.0, to_s: float = 1e9) -> list[float]:
    every = [(r.time_ns - START_NS) / NS_PER_S for r in truth]
    return [t for t in every if from_s <= t < to_s]


def test_paced_ends_with_the_beat_and_begins_again_with_it() -> None:
    cues = [*steady(100, 20, from_s=2), *beats(np.full(20, 0.6), from_s=40, first_index=500)]
    truth, _ = drum("paced", cues, 60)
    assert not times_s(truth, 0, 3.5)
    assert len(times_s(truth, 4, 22)) == pytest.approx(30, abs=1)
    assert not times_s(truth, 26, 40)
    assert len(times_s(truth, 42, 52)) == pytest.approx(17, abs=1)


def test_continuation_keeps_the_tempo_of_the_beat() -> None:
    truth, _ = drum("continuation", steady(120, 20), 80)
    own_s = np.diff(times_s(truth, 25, 45))
    assert own_s.mean() == pytest.approx(0.5, rel=0.05)
    assert own_s.std(ddof=1) / own_s.mean() < 0.07
    assert len(times_s(truth, 70, 80)) > 15


def test_continuation_has_the_signature_of_wing_and_kristofferson() -> None:
    """Neighbouring intervals are negatively correlated, by no more than a half."""
    truth, _ = drum("continuation", steady(120, 10), 400)
    intervals_s = np.diff(times_s(truth, 15))
    changes = intervals_s - np.convolve(intervals_s, np.ones(21) / 21, "same")
    lag1 = np.corrcoef(changes[20:-21], changes[21:-20])[0, 1]
    assert -0.5 < lag1 < 0


def test_unpaced_is_the_own_tempo_whatever_sounds() -> None:
    truth, _ = drum("unpaced", steady(120, 60), 60)
    assert np.diff(times_s(truth)).mean() == pytest.approx(0.6, rel=0.06)
    assert all(r.cue_index is None for r in truth)


def test_one_drummer_goes_through_the_screen_as_told() -> None:
    """Paced, continuation and unpaced tapping, one after the other (Dalla Bella 2017)."""
    end_ns = at_ns(90)
    patient = make_patient("screen", "healthy", CLOCK, START_NS, end_ns, 8)
    stages = [("cued", START_NS), ("continuation", at_ns(25)), ("unpaced", at_ns(60))]
    tell_stages(patient, "screen", stages)
    spend(patient, end_ns, steady(150, 30))
    truth = responses(patient)
    assert vector_length(truth, 0.4) > 0.9
    assert np.diff(times_s(truth, 35, 59)).mean() == pytest.approx(0.4, rel=0.06)
    assert np.diff(times_s(truth, 62, 90)).mean() == pytest.approx(0.6, rel=0.06)


def test_whoever_rests_begins_when_told_to_tap_unpaced() -> None:
    patient = make_patient("paced", "healthy", CLOCK, START_NS, at_ns(40), 8)
    patient.instruct(Task.UNPACED, at_ns(20))
    spend(patient, at_ns(40))
    first_s, *_ = times_s(responses(patient))
    assert 20 < first_s < 21.5


def test_free_play_wanders_over_all_pads() -> None:
    truth, _ = drum("free", steady(100, 60), 60, pads=4)
    assert {r.channel for r in truth} == set(TAP_CHANNELS)
    intervals_s = np.diff(times_s(truth))
    assert intervals_s.std() / intervals_s.mean() > 0.2


BEAT_S = 0.6
BAR_S = 4 * BEAT_S
PATTERN_S = (0.0, 0.6, 0.9, 1.2, 1.8)


def count_in(from_s: float) -> list[Cue]:
    """A bar of four beats."""
    return [Cue(n, at_ns(from_s + n * BEAT_S), CueKind.NOTE, "wood") for n in range(4)]


def rounds(from_s: float, count: int) -> list[Cue]:
    """A bar to count in; then, in turn, a bar that the device plays and one to repeat it."""
    cues = count_in(from_s)
    for bar in range(2 * count):
        kind = CueKind.EXPECTED if bar % 2 else CueKind.NOTE
        begin_s = from_s + (1 + bar) * BAR_S
        cues += [Cue(len(cues) + n, at_ns(begin_s + s), kind) for n, s in enumerate(PATTERN_S)]
    return cues


def test_echo_repeats_each_rhythm_in_its_bar() -> None:
    cues = rounds(3, 4)
    truth, _ = drum("echo", cues, 40)
    expected = [cue for cue in cues if cue.kind is CueKind.EXPECTED]
    assert [r.cue_index for r in truth] == [cue.index for cue in expected]
    due_ns = np.array([cue.planned_ns for cue in expected])
    assert asynchronies_ms(truth) == pytest.approx(
        (np.array([r.time_ns for r in truth]) - due_ns) / 1e6
    )
    assert 10 < asynchronies_ms(truth).std(ddof=1) < 60


def test_within_a_repeat_the_timing_wanders() -> None:
    """Nobody gives the time there: the last note's asynchrony varies more than the first one's."""
    truth, _ = drum("echo", rounds(3, 60), 300)
    by_place = asynchronies_ms(truth)[: 60 * 5].reshape(-1, 5).std(axis=0, ddof=1)
    assert by_place[4] > 1.5 * by_place[0]


def test_the_brain_injured_drummer_forgets_notes() -> None:
    truth, _ = drum("echo", rounds(3, 40), 200, setting="brain-injury")
    assert 0.75 < len(truth) / (40 * 5) < 0.95


def test_mirror_plays_every_second_bar_and_listens_in_between() -> None:
    truth, _ = drum("mirror", count_in(3), 60)
    bars = [math.floor((t + 0.2 - 3) / BAR_S) for t in times_s(truth, 0, 3 + 20.5 * BAR_S)]
    assert set(bars) == set(range(1, 21, 2))
    played = [tuple(times_s(truth, 2.8 + b * BAR_S, 2.8 + (b + 1) * BAR_S)) for b in (1, 3, 5)]
    assert len({len(bar) for bar in played}) > 1  # not always the same rhythm
    halves = (np.concatenate(played) - 3) / (BEAT_S / 2)
    assert np.abs(halves - np.rint(halves)).max() * BEAT_S / 2 < 0.16


def test_no_count_in_no_mirror() -> None:
    assert drum("mirror", count_in(3)[:1], 30)[0] == []


def test_a_rest_is_kept_and_the_walk_goes_on_after_it() -> None:
    patient = make_patient("walk", "healthy", CLOCK, START_NS, at_ns(60), 4)
    tell_stages(
        patient, "walk", [("cued", START_NS), ("rest", at_ns(20)), ("carry-over", at_ns(40))]
    )
    spend(patient, at_ns(60))
    truth = responses(patient)
    assert len(times_s(truth, 0, 20)) > 30
    assert len(times_s(truth, 20.7, 40)) == 0
    assert len(times_s(truth, 41, 60)) > 28


@pytest.mark.parametrize("people", [2, 3, 4])
def test_a_circle_is_together_with_the_beat_and_without_it(people: int) -> None:
    truth, _ = drum("circle", steady(100, 30), 120, pads=people)
    by_pad = [
        [r.time_ns for r in truth if r.channel is pad and r.time_ns > at_ns(60)]
        for pad in TAP_CHANNELS[:people]
    ]
    assert {r.channel for r in truth} == set(TAP_CHANNELS[:people])
    assert vector_length([r for r in truth if r.cue_index is not None], 0.6) > 0.9
    # Kuramoto order after half a minute of silence, at the first drummer's taps.
    orders = []
    for begin_ns, end_ns in pairwise(by_pad[0][:-3]):
        nearest = [min(pad, key=lambda t: abs(t - begin_ns)) for pad in by_pad]
        angles = 2j * np.pi * (np.array(nearest) - begin_ns) / (end_ns - begin_ns)
        orders.append(abs(np.exp(angles).mean()))
    assert np.mean(orders) > 0.9
    assert [r.time_ns for r in truth] == sorted(r.time_ns for r in truth)


def test_a_circle_joins_in_again_after_every_silence() -> None:
    cues = [*steady(100, 20), *beats(np.full(33, 0.6), from_s=50, first_index=34)]
    truth, _ = drum("circle", cues, 71)
    again = [r for r in truth if r.cue_index is not None and r.cue_index > 44]
    assert len(again) == 3 * 23
    assert vector_length(again, 0.6) > 0.9


def test_people_in_a_circle_are_not_the_same_person() -> None:
    truth, _ = drum("circle", steady(100, 40), 41)
    first, second = (
        asynchronies_ms([r for r in truth if r.channel is pad])[:40] for pad in TAP_CHANNELS[:2]
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.5
    assert np.abs(first - second).max() > 5


@pytest.mark.parametrize("setting", ["healthy", "parkinson", "stroke"])
def test_most_drummers_keep_with_the_beat(setting: str) -> None:
    truth, _ = drum("paced", steady(100, 120), 121, setting)
    assert vector_length(truth[5:], 0.6) > 0.85


def test_the_brain_injured_drummer_hardly_does() -> None:
    """Vector length .1 to .5, as clinical.md has it of the recorded one above his own tempo."""
    lengths = [
        vector_length(drum("paced", steady(100, 120), 121, "brain-injury", seed)[0][5:], 0.6)
        for seed in range(6)
    ]
    print(f"vector length {np.mean(lengths):.2f}")
    assert 0.1 < np.mean(lengths) < 0.5


def test_the_healthy_tapper_is_near_the_mean_of_74_people() -> None:
    """At 500 ms: asynchrony -37.3 (SD between people 24.0), its SD 23.0 (5.5), R .955 (.022)."""
    truth, _ = drum("paced", steady(120, 300), 301)
    a_ms = asynchronies_ms(truth)[10:]
    assert a_ms.mean() == pytest.approx(-37.3, abs=5)
    assert 17.5 < a_ms.std(ddof=1) < 28.5
    assert vector_length(truth[10:], 0.5) == pytest.approx(0.955, abs=0.022)


def test_pads_are_not_streamed() -> None:
    """Nor does the board stream them: only feet and belt."""
    _, felt = drum("paced", steady(100, 20), 25)
    assert felt.presses
    assert not felt.counts


ACTIVE = [task for task in Task if task is not Task.REST]


@pytest.mark.parametrize("task", [*ACTIVE, "walk", "breathe"])
@pytest.mark.parametrize("setting", ["healthy", "brain-injury", "does-not-follow"])
def test_the_same_seed_and_cues_give_the_same_deeds_however_often_one_looks(
    task: str, setting: str
) -> None:
    cues = [*steady(100, 12, from_s=1), *rounds(16, 2)]

    def deeds(look_ms: int, seed: int) -> list[object]:
        patient = make_patient(task, setting, CLOCK, START_NS, at_ns(30), seed)
        felt = spend(patient, at_ns(30), cues, look_ms)
        ons = [p for p in felt.presses if p.edge is Edge.ON]
        assert [p.ticks for p in ons] == [
            CLOCK.ticks_at(r.time_ns) for r in patient.truth if isinstance(r, TrueResponse)
        ]
        return [*patient.truth]

    often = deeds(10, 1)
    assert often
    assert deeds(130, 1) == often
    assert deeds(130, 2) != often


@settings(max_examples=25, deadline=None)
@example([0.25], "walk", "healthy", 0)
@given(
    st.lists(st.floats(0.25, 2.0), min_size=0, max_size=25),
    st.sampled_from([*ACTIVE, "walk"]),
    st.sampled_from([s.name for s in SETTINGS]),
    st.integers(0, 99),
)
def test_presses_come_in_order_and_in_pairs_whatever_is_heard(
    intervals_s: list[float], task: str, setting: str, seed: int
) -> None:
    _, felt = drum(task, beats(intervals_s, from_s=0.5), 20, setting, seed)
    by_channel: dict[Channel, list[Edge]] = {}
    for press in felt.presses:
        by_channel.setdefault(press.channel, []).append(press.edge)
    assert [p.ticks for p in felt.presses] == sorted(p.ticks for p in felt.presses)
    for edges in by_channel.values():
        assert all(a is not b for a, b in pairwise(edges))
        assert edges[0] is Edge.ON


def test_who_or_what_is_unknown_is_said_in_a_sentence() -> None:
    with pytest.raises(AndanteError, match='no simulated patient "tired"; choose one of healthy'):
        make_patient("walk", "tired", CLOCK, START_NS, at_ns(1), 1)
    with pytest.raises(AndanteError, match='the exercise "swim"; choose one of'):
        make_patient("swim", "healthy", CLOCK, START_NS, at_ns(1), 1)
    with pytest.raises(ValueError, match="2 to 4 people, not 5"):
        make_patient("circle", "healthy", CLOCK, START_NS, at_ns(1), 1, pads=5)
