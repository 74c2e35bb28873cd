"""Playing together: who plays when, and what follows from what the patient plays."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.coach.make import make_conductor
from andante.errors import PlanError
from andante.plan import Exercise, Plan, StageKind, TapPlan, parse_plan, stages_of
from andante.plan.tap import TapTask
from andante.ports import Channel, Cue, CueKind
from andante.timebase import NS_PER_MS, NS_PER_S, seconds_to_ns
from andante.timeline.patterns import pattern
from support.loops import Answer, Heard, lead

START_NS = 11 * NS_PER_S
READY_NS = 3 * NS_PER_S


def plan_of(task: TapTask, **fields: float) -> Plan:
    return Plan(Exercise.TAP, tap=TapPlan(task=task, **fields))  # type: ignore[arg-type]


def drummer(times_s: list[float]) -> Answer:
    """Taps at these seconds of the exercise."""
    left = [START_NS + READY_NS + seconds_to_ns(time_s) for time_s in times_s]

    def answer(now_ns: int, _: list[Cue]) -> list[int]:
        made = [time_ns for time_ns in left if time_ns <= now_ns]
        del left[: len(made)]
        return made

    return answer


def play(plan: Plan, taps_s: list[float], *channels: Channel) -> Heard:
    return lead(
        make_conductor(plan, START_NS), drummer(taps_s), channels=channels or (Channel.TAP_1,)
    )


def seconds(cues: list[Cue]) -> list[float]:
    return [(cue.planned_ns - START_NS - READY_NS) / NS_PER_S for cue in cues]


def test_an_echo_asks_for_the_rhythm_a_bar_after_it_was_played() -> None:
    heard = play(plan_of(TapTask.ECHO, tempo_bpm=120.0, rounds=5, seed=3), [])
    notes = [c for c in heard.cues if c.kind is CueKind.NOTE]
    asked = [c for c in heard.cues if c.kind is CueKind.EXPECTED]
    assert seconds(notes[:4]) == [0.0, 0.5, 1.0, 1.5]  # the bar to count in
    assert seconds(asked) == pytest.approx([t + 2.0 for t in seconds(notes[4:])])
    assert len(asked) >= 10
    assert {c.light for c in asked} == {False}


def test_an_echo_repeated_late_is_scored_against_the_moments_asked_for() -> None:
    plan = plan_of(TapTask.ECHO, tempo_bpm=100.0, rounds=4)
    asked = [c for c in play(plan, []).cues if c.kind is CueKind.EXPECTED]
    conductor = make_conductor(plan, START_NS)
    lead(conductor, drummer([t + 0.04 for t in seconds(asked)]), channels=(Channel.TAP_1,))
    assert conductor.evidence.response_count == len(asked)
    assert conductor.evidence.last_asynchrony_ms == pytest.approx(40.0)
    assert conductor.evidence.vector_length == pytest.approx(1.0)


def test_a_mirror_plays_back_every_note_of_the_patients_bar_and_no_other() -> None:
    # Bars of 2 s: count in, patient, device, patient, device. An early note belongs to its bar.
    own_s = [1.9, 2.61, 3.34, 3.7, 6.2, 7.0]
    devices_s = [4.6, 5.0]
    taps_s = sorted(own_s + devices_s)
    heard = play(plan_of(TapTask.MIRROR, tempo_bpm=120.0, rounds=2), taps_s)
    given_s = seconds([c for c in heard.cues if c.kind is CueKind.NOTE][4:])
    assert sorted(given_s) == pytest.approx([t + 2.0 for t in own_s])


def test_the_device_follows_the_drum_and_stops_with_it() -> None:
    taps_s = np.cumsum(np.concatenate(([1.0], np.linspace(0.7, 0.5, 25)))).tolist()
    heard = play(plan_of(TapTask.FOLLOW, cued_minutes=0.5), taps_s)
    given_s = np.array(seconds(heard.cues))
    after_s = np.array(taps_s[3:])
    distance_s = np.abs(given_s[:, np.newaxis] - after_s).min(axis=1)
    with_drum = given_s <= taps_s[-1] + 0.1
    assert with_drum.sum() >= after_s.size - 1
    assert distance_s[with_drum].max() < 0.06
    assert given_s.max() < taps_s[-1] + 2.5 * 0.5 + 0.2
    assert [d.tempo_per_minute is None for d in heard.decisions][-1]
    assert {d.reason for d in heard.decisions} == {
        "follows the patient's drum",
        "the patient has stopped drumming",
    }


def test_free_playing_sounds_a_note_of_its_own_pad_at_once() -> None:
    plan = plan_of(TapTask.FREE, pads=2, cued_minutes=0.2)
    heard = play(plan, [1.0, 2.0, 3.0], Channel.TAP_1, Channel.TAP_2)
    assert [c.sound for c in heard.cues] == ["pad-1", "pad-3", "pad-1"]
    assert all(c.at_once for c in heard.cues)
    assert seconds(heard.cues) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("task", "names"),
    [
        (TapTask.PACED, ["get-ready", "cued"]),
        (TapTask.CONTINUATION, ["get-ready", "cued", "continuation"]),
        (TapTask.UNPACED, ["unpaced"]),
        (TapTask.SCREEN, ["get-ready", "cued", "continuation", "unpaced"]),
    ],
)
def test_what_a_task_is_made_of(task: TapTask, names: list[str]) -> None:
    assert [s.name for s in stages_of(plan_of(task))] == names


def test_a_circle_shares_the_beat_and_then_goes_on_without_it() -> None:
    plan = plan_of(TapTask.CIRCLE, pads=3, rounds=2, cued_minutes=0.2, quiet_s=10.0)
    assert [s.name for s in stages_of(plan)] == ["get-ready", *["cued", "mute"] * 2]
    heard = play(plan, [])
    spans = make_conductor(plan, START_NS).spans
    for cue in heard.cues:
        span = next(s for s in spans if cue.planned_ns < s.end_ns)
        assert span.stage.kind is StageKind.CUED
    steps_ns = np.diff([c.planned_ns for c in heard.cues])
    assert np.unique(np.round(steps_ns / NS_PER_MS)).size == 2  # the beat, and the gap of the mute


@given(bar_beats=st.integers(2, 8), round_number=st.integers(0, 60), seed=st.integers(0, 9999))
def test_a_rhythm_starts_on_the_beat_and_stays_in_its_bar(
    bar_beats: int, round_number: int, seed: int
) -> None:
    notes = pattern(bar_beats, round_number, seed)
    assert notes[0] == 0.0
    assert len(notes) >= 2
    assert all(b - a >= 0.5 for a, b in itertools.pairwise(notes))
    assert notes[-1] < bar_beats
    assert notes == pattern(bar_beats, round_number, seed)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ('task = "unpaced"\ntempo_bpm = 100', ["belongs to the tasks", '"unpaced"']),
        ('task = "circle"', ["two to four pads"]),
        ('task = "paced"\nrounds = 3', ['"circle", "echo", "mirror"']),
        ('task = "dance"', ['"paced" or']),
    ],
)
def test_a_bad_tapping_plan_says_what_is_wrong(fields: str, says: list[str]) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(f'exercise = "tap"\n[tap]\n{fields}\n')
    for part in says:
        assert part in str(caught.value)
