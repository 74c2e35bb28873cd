"""Every walking policy against its own definition, and none of them ever out of its limits."""

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante import safety
from andante.coach.beat import BeatConductor
from andante.plan import Exercise, PatientFlags, Plan, WalkPlan, WalkPolicy
from andante.ports import CueKind, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S
from andante.timeline.fractal import fractal_deviations
from support.loops import Heard, lead, walker

START_NS = 7 * NS_PER_S
OWN_SPM = 100.0
CLOSE_NS = 0.1 * NS_PER_MS


def plan_of(policy: WalkPolicy, flags: PatientFlags | None = None, **fields: float) -> Plan:
    values: dict[str, Any] = {
        "baseline_s": 20.0,
        "tempo_percent_of_baseline": 100.0,
        "cued_minutes": 2.0,
        **fields,
    }
    return Plan(
        Exercise.WALK, walk=WalkPlan(policy=policy, **values), patient=flags or PatientFlags()
    )


def run(plan: Plan, own_spm: float = OWN_SPM, **parts: object) -> Heard:
    conductor = BeatConductor(plan, START_NS)
    answer = parts.pop("answer", walker(own_spm, START_NS))
    return lead(conductor, answer, **parts)  # type: ignore[arg-type]


def intervals_ns(heard: Heard) -> npt.NDArray[np.int64]:
    steps_ns: npt.NDArray[np.int64] = np.diff([cue.planned_ns for cue in heard.beats()])
    return steps_ns


def test_fixed_keeps_one_tempo() -> None:
    heard = run(plan_of(WalkPolicy.FIXED, tempo_percent_of_baseline=105.0))
    assert np.abs(intervals_ns(heard) - 60e9 / 105).max() < CLOSE_NS
    assert [d.tempo_per_minute for d in heard.decisions] == [pytest.approx(105)]


def test_ramp_goes_by_its_share_a_cue_and_stops_at_its_target() -> None:
    heard = run(plan_of(WalkPolicy.RAMP, ramp_percent_per_cue=0.1, ramp_to_percent=108.0))
    found_ns = intervals_ns(heard)
    share = np.minimum(0.1 * np.arange(1, found_ns.size + 1), 8.0)
    assert np.abs(found_ns - 60e9 / (OWN_SPM * (1 + share / 100))).max() < CLOSE_NS
    assert "reached its target" in heard.decisions[1].reason


def test_fractal_follows_its_own_sequence() -> None:
    heard = run(plan_of(WalkPolicy.FRACTAL, variation_sd_percent=2.0, seed=5))
    found = intervals_ns(heard) / (60e9 / OWN_SPM) - 1
    conductor = BeatConductor(plan_of(WalkPolicy.FRACTAL), START_NS)
    cued_s = conductor.spans[-1].end_ns / 1e9 - conductor.spans[-1].start_ns / 1e9
    # The sequence is as long as the fastest beats would need.
    length = int(cued_s * OWN_SPM * 1.2 / 60) + 2
    exact = 0.02 * fractal_deviations(length, 5, safety.MAX_TEMPO_CHANGE_PERCENT / 2.0)
    step_ns = 60e9 / OWN_SPM
    assert np.abs(found - exact[: found.size]).max() * step_ns < CLOSE_NS


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_adaptive_moves_each_beat_by_its_share_of_the_last_asynchrony(alpha: float) -> None:
    rng = np.random.default_rng(3)
    made_ms = rng.uniform(-25, 25, 400)
    answer = walker(OWN_SPM, START_NS, lambda index: float(made_ms[index]))
    heard = run(plan_of(WalkPolicy.ADAPTIVE, alpha=alpha), answer=answer)
    found_ns = intervals_ns(heard)
    wanted_ns = 60e9 / OWN_SPM + alpha * made_ms[: found_ns.size] * NS_PER_MS
    before = np.concatenate(([60e9 / OWN_SPM], found_ns[:-1]))
    free = np.abs(before / wanted_ns - 1) < 0.049  # the others meet the limit of 5 % a change
    assert free.mean() > 0.3
    assert np.abs(found_ns - wanted_ns)[free].max() < CLOSE_NS


def test_matched_follows_the_patients_own_cadence_slowly() -> None:
    # The patient hurries: every step comes a little earlier than the one before.
    hurried = walker(OWN_SPM, START_NS, lambda index: -min(200.0, 8.0 * index))
    heard = run(plan_of(WalkPolicy.MATCHED), answer=hurried)
    tempi = [d.tempo_per_minute for d in heard.decisions if d.tempo_per_minute]
    assert max(tempi) > OWN_SPM
    most = 1 + 4 * safety.MATCHED_SLEW_PERCENT / 100 + 1e-9
    assert all(b / a <= most for a, b in itertools.pairwise(tempi))
    assert all("walks at" in d.reason for d in heard.decisions[1:-1])


def test_progressive_goes_up_while_synchrony_holds_and_back_when_it_is_lost() -> None:
    plan = plan_of(WalkPolicy.PROGRESSIVE, stage_s=20.0, step_percent=3.0)

    def asynchrony_ms(index: int) -> float:
        return -20.0 if index < 105 else math.nan  # about 60 s in the patient stops answering

    heard = run(plan, answer=walker(OWN_SPM, START_NS, asynchrony_ms))
    opening, *stages = [d for d in heard.decisions if "held" not in d.reason]
    assert opening.tempo_per_minute == pytest.approx(100.0)
    assert [s.tempo_per_minute for s in stages[:3]] == [pytest.approx(t) for t in (103, 106, 109)]
    assert all("synchrony holds" in s.reason for s in stages[:3])
    # Nobody answers now: nothing is decided on evidence that is not there.
    assert {f.kind for f in heard.faults} == {FaultKind.SENSOR_STALE}
    assert heard.beats()[-1].kind is CueKind.BEAT


def test_progressive_steps_back_for_poor_synchrony() -> None:
    plan = plan_of(WalkPolicy.PROGRESSIVE, stage_s=20.0, step_percent=3.0)
    rng = np.random.default_rng(1)
    poor_ms = rng.uniform(-270, 270, 400)
    answer = walker(OWN_SPM, START_NS, lambda index: -20.0 if index < 40 else float(poor_ms[index]))
    heard = run(plan, answer=answer)
    words = [d.reason for d in heard.decisions]
    assert any("synchrony holds" in reason for reason in words)
    assert any("back one stage" in reason for reason in words)


def test_fading_mutes_ever_more_beats_at_random() -> None:
    heard = run(plan_of(WalkPolicy.FADING, cued_minutes=6.0))
    given_beats = np.array([cue.kind is CueKind.BEAT for cue in heard.beats()])
    thirds = [float(third.mean()) for third in np.array_split(given_beats, 3)]
    assert thirds[0] == pytest.approx(5 / 6, abs=0.1)
    assert thirds[1] == pytest.approx(1 / 2, abs=0.12)
    assert thirds[2] == pytest.approx(1 / 6, abs=0.1)
    assert np.abs(intervals_ns(heard) - 60e9 / OWN_SPM).max() < CLOSE_NS


def test_a_frozen_sensor_holds_the_tempo_and_says_so_at_both_ends() -> None:
    def asynchrony_ms(index: int) -> float:
        return math.nan if 40 <= index < 60 else 15.0

    heard = run(
        plan_of(WalkPolicy.ADAPTIVE, alpha=0.5),
        answer=walker(OWN_SPM, START_NS, asynchrony_ms),
    )
    assert [f.kind for f in heard.faults] == [FaultKind.SENSOR_STALE, FaultKind.SENSOR_FRESH]
    found_ns = intervals_ns(heard)
    assert np.abs(found_ns[45:58] - 60e9 / OWN_SPM).max() < CLOSE_NS


def test_a_nudge_and_an_unlock_are_told_and_bounded() -> None:
    plan = plan_of(WalkPolicy.FIXED)
    conductor = BeatConductor(plan, START_NS)

    def asks(now_ns: int) -> None:
        at_s = (now_ns - START_NS) / 1e9
        if at_s in (40.0, 60.0, 80.0):
            conductor.nudge(8.0)
        if at_s == 70.0:
            conductor.unlock("therapist", "walks well")

    heard = lead(conductor, walker(OWN_SPM, START_NS), asks=asks)
    tempi = [d.tempo_per_minute for d in heard.decisions]
    assert tempi[:5] == [pytest.approx(t) for t in (100.0, 105.0, 110.0, 110.0, 115.5)]
    assert "5 % at most" in heard.decisions[1].reason
    assert "by hand" in heard.decisions[1].reason
    assert "90-110 %" in heard.decisions[2].reason
    assert heard.decisions[3].reason.startswith("the therapist has unlocked")


@settings(max_examples=60, deadline=None)
@given(
    policy=st.sampled_from(list(WalkPolicy)),
    own_spm=st.floats(45, 165),
    percent=st.floats(90, 110),
    asynchronies_ms=st.lists(
        st.one_of(st.just(math.nan), st.floats(-400, 400)), min_size=1, max_size=60
    ),
    nudges=st.lists(st.tuples(st.integers(0, 3_000), st.floats(-20, 20)), max_size=6),
    unlock_tick=st.none() | st.integers(0, 3_000),
    freezer=st.booleans(),
)
def test_no_policy_leaves_its_limits(
    policy: WalkPolicy,
    own_spm: float,
    percent: float,
    asynchronies_ms: list[float],
    nudges: list[tuple[int, float]],
    unlock_tick: int | None,
    freezer: bool,
) -> None:
    if freezer and policy is WalkPolicy.PROGRESSIVE:
        return  # refused by the plan
    plan = plan_of(
        policy,
        PatientFlags(freezer=freezer),
        tempo_percent_of_baseline=min(percent, 100.0) if freezer else percent,
        cued_minutes=0.7,
    )
    conductor = BeatConductor(plan, START_NS)
    asked = dict(nudges)
    unlocked_ns = None if unlock_tick is None else START_NS + unlock_tick * 20 * NS_PER_MS

    def asks(now_ns: int) -> None:
        tick = (now_ns - START_NS) // (20 * NS_PER_MS)
        if tick in asked:
            conductor.nudge(asked[tick])
        if now_ns == unlocked_ns:
            conductor.unlock("therapist", "a test")

    answer = walker(own_spm, START_NS, lambda index: asynchronies_ms[index % len(asynchronies_ms)])
    heard = lead(conductor, answer, asks=asks)
    tempi = 60e9 / intervals_ns(heard)
    assert heard.beats()
    locked = unlocked_ns is None
    allowed = safety.percent_of_baseline(not locked, freezer)
    baseline_spm = own_spm
    low = max(safety.WALKING_TEMPO_SPM.low, baseline_spm * allowed.low / 100)
    high = min(safety.WALKING_TEMPO_SPM.high, baseline_spm * allowed.high / 100)
    assert tempi.min() >= low * (1 - 1e-6)
    assert tempi.max() <= high * (1 + 1e-6)
    changes = np.abs(tempi[1:] / tempi[:-1] - 1) * 100
    assert changes.max(initial=0.0) <= safety.MAX_TEMPO_CHANGE_PERCENT + 1e-4
    lit_ns = [c.planned_ns for c in heard.cues if c.light]
    for early, late in zip(lit_ns, lit_ns[3:], strict=False):
        assert late - early >= NS_PER_S - 3
