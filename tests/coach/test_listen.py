"""Listening: music starts where the patient is and moves evenly to its target."""

import numpy as np
import pytest

from andante import safety
from andante.coach.listen import PreparedMusic
from andante.coach.make import make_conductor
from andante.errors import PlanError
from andante.plan import Exercise, ListenPlan, Plan, parse_plan
from andante.plan.listen import ListenTo, Recording
from andante.ports import CueKind
from andante.timebase import NS_PER_S
from support.loops import Heard, lead, walker

START_NS = 5 * NS_PER_S


def run(listen: ListenPlan, own_spm: float = 96.0, beats_s: tuple[float, ...] = ()) -> Heard:
    plan = Plan(Exercise.LISTEN, listen=listen)
    return lead(
        make_conductor(plan, START_NS, PreparedMusic(beats_s, 60.0)), walker(own_spm, START_NS)
    )


def test_notes_start_at_the_patients_cadence_and_move_evenly_to_the_target() -> None:
    heard = run(
        ListenPlan(target_per_minute=66.0, to=ListenTo.STEPPING, baseline_s=20.0, minutes=5.0)
    )
    planned_ns = np.array([c.planned_ns for c in heard.beats("listening")])
    tempi = 60e9 / np.diff(planned_ns)
    assert tempi[0] == pytest.approx(96.0, abs=0.2)
    assert tempi[-1] == pytest.approx(66.0, abs=0.3)
    share = (planned_ns[:-1] - planned_ns[0]) / (300 * NS_PER_S)
    assert tempi == pytest.approx(96.0 - 30.0 * share, abs=0.2)
    assert {c.kind for c in heard.cues} == {CueKind.NOTE}


def test_without_steps_there_is_no_guess() -> None:
    plan = Plan(
        Exercise.LISTEN,
        listen=ListenPlan(target_per_minute=66.0, to=ListenTo.STEPPING, baseline_s=20.0),
    )
    heard = lead(make_conductor(plan, START_NS))
    assert heard.cues == []
    assert "foot sensors" in (heard.end_reason or "")


def test_strums_settle_by_no_more_than_half_a_breath_a_minute() -> None:
    heard = run(ListenPlan(target_per_minute=6.0, start_per_minute=10.0, minutes=12.0))
    onsets_ns = [c.planned_ns for c in heard.cues if c.kind is CueKind.INHALE]
    rates = 60e9 / np.diff(onsets_ns)
    assert rates[0] == pytest.approx(10.0)
    assert rates[-1] == pytest.approx(6.0, abs=0.01)
    minutes = np.diff(onsets_ns)[:-1] / 60e9
    assert (-np.diff(rates) <= safety.GUIDED_SLOWING_BRPM_PER_MIN * minutes + 1e-6).all()
    assert {c.sound for c in heard.cues} == {"strum"}


def test_a_recording_sounds_once_and_glows_on_its_beats() -> None:
    beats_s = tuple(np.arange(0.2, 40.0, 0.25).tolist())
    listen = ListenPlan(
        target_per_minute=60.0,
        start_per_minute=80.0,
        minutes=1.0,
        recording=Recording("song.flac", bpm=100.0),
    )
    heard = run(listen, beats_s=beats_s)
    assert [c.sound for c in heard.cues][:2] == ["track:listen", "track-beat"]
    assert len({c.sound for c in heard.cues[1:]}) == 1
    start_ns = START_NS + 3 * NS_PER_S
    glow_s = np.array([c.planned_ns - start_ns for c in heard.cues[1:]]) / NS_PER_S
    assert glow_s == pytest.approx(np.array(beats_s))
    lit_s = glow_s[[c.light for c in heard.cues[1:]]]
    assert np.diff(lit_s).min() >= 1 / 3


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("target_per_minute = 6", ["baseline_s", "at least 30 s", "start_per_minute"]),
        ("target_per_minute = 2\nstart_per_minute = 9", ["4.5 to 20 breaths/min"]),
        (
            'target_per_minute = 60\n[listen.recording]\nfile = "a.wav"\nbpm = 90',
            ["prepared before the session", "start_per_minute"],
        ),
        (
            'target_per_minute = 60\nstart_per_minute = 70\n[listen.recording]\nfile = "a.wav"',
            ["either recording.bpm or recording.beats_file"],
        ),
    ],
)
def test_a_bad_listening_plan_says_what_is_wrong(fields: str, says: list[str]) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(f'exercise = "listen"\n[listen]\n{fields}\n')
    for part in says:
        assert part in str(caught.value)


def test_after_a_pause_the_recording_goes_on_where_it_was() -> None:
    listen = ListenPlan(
        target_per_minute=60.0,
        start_per_minute=80.0,
        minutes=1.0,
        recording=Recording("song.flac", bpm=100.0),
    )
    plan = Plan(Exercise.LISTEN, listen=listen)
    conductor = make_conductor(plan, START_NS, PreparedMusic((), 60.0))
    paused_ns = START_NS + 3 * NS_PER_S + 15 * NS_PER_S

    def asks(now_ns: int) -> None:
        if now_ns == paused_ns:
            conductor.go_on(now_ns)

    first, again = lead(conductor, asks=asks).cues
    assert (first.begin_share, again.sound) == (0.0, first.sound)
    assert again.begin_share == pytest.approx(15.25 / 60.0)
    assert again.planned_ns == paused_ns + 250_000_000
