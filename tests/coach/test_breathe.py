"""The breathing pacer's policies against their own definitions, and its limits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante import safety
from andante.coach.breath_evidence import BreathEvidence
from andante.coach.make import make_conductor
from andante.errors import PlanError
from andante.plan import BreathePlan, BreathePolicy, Exercise, Plan, parse_plan
from andante.ports import Channel, Cue, CueKind, FaultKind, SampleBlock
from andante.timebase import NS_PER_MS, NS_PER_S
from support.loops import Heard, lead

START_NS = 3 * NS_PER_S
CLOSE_NS = 0.1 * NS_PER_MS
INHALE = CueKind.INHALE


def plan_of(policy: BreathePolicy, **fields: float) -> Plan:
    return Plan(Exercise.BREATHE, breathe=BreathePlan(policy=policy, **fields))  # type: ignore[arg-type]


def cycles_s(heard: Heard, phase: str = "cued") -> list[float]:
    """From inhale to inhale, and the last breath by its parts."""
    parts = [c for c in heard.beats(phase) if c.begin_share == 0.0]
    onsets_ns = [c.planned_ns for c in parts if c.kind is INHALE]
    onsets_ns.append(heard.beats(phase)[-1].end_ns)
    return [(b - a) / NS_PER_S for a, b in itertools.pairwise(onsets_ns)]


class Breather:
    """Belt counts of somebody who breathes at a rate of their own, or along with the cues."""

    def __init__(self, own_brpm: float, follows: bool) -> None:
        self._own_brpm = own_brpm
        self._follows = follows
        self._phase = 0.0
        self._last_ns = START_NS
        self.rate_brpm = own_brpm
        self.pacer_brpm: float | None = None

    def level(self, now_ns: int) -> float:
        """Half cosines up and down; the phase goes on from where it was."""
        rate = self.pacer_brpm if self._follows and self.pacer_brpm else self._own_brpm
        self._phase += (now_ns - self._last_ns) / NS_PER_S * rate / 60
        self._last_ns = now_ns
        return 500 - 200 * math.cos(2 * math.pi * self._phase)


def run(plan: Plan, breather: Breather | None = None) -> Heard:
    conductor = make_conductor(plan, START_NS)

    def asks(_: int) -> None:
        if breather is not None:
            breather.pacer_brpm = conductor.tempo_per_minute

    return lead(conductor, level=breather.level if breather else None, asks=asks)


def test_fixed_breathes_at_six_by_four_to_six() -> None:
    heard = run(plan_of(BreathePolicy.FIXED, cued_minutes=3.0))
    cues = heard.beats()
    assert [c.kind for c in cues[:4]] == [INHALE, CueKind.EXHALE] * 2
    assert {round(c.duration_ns / NS_PER_S, 6) for c in cues} == {4.0, 6.0}
    assert len(cues) == 36
    assert all(b.planned_ns == a.end_ns for a, b in itertools.pairwise(cues))
    assert heard.decisions[0].tempo_per_minute == pytest.approx(6.0)


def test_sliding_lengthens_each_breath_by_67_ms_down_to_the_floor() -> None:
    heard = run(plan_of(BreathePolicy.SLIDING))
    found_s = np.array(cycles_s(heard))
    assert found_s.size == 78
    free = found_s < 60 / safety.BREATHING_RATE_BRPM.low - 1e-6
    assert free.sum() == 66
    assert np.diff(found_s[free]) == pytest.approx(np.full(65, 0.06704), abs=1e-4)
    assert 60 / found_s[0] == pytest.approx(6.75, abs=0.05)
    assert found_s.max() == pytest.approx(60 / 4.5)
    assert "floor" in heard.decisions[-1].reason


def test_stepped_goes_through_its_five_rates_with_rests() -> None:
    heard = run(plan_of(BreathePolicy.STEPPED, rest_s=20.0))
    for number, rate in enumerate((6.5, 6.0, 5.5, 5.0, 4.5), start=1):
        found_s = cycles_s(heard, f"step {number}")
        assert found_s == pytest.approx([60 / rate] * len(found_s), abs=1e-4)
        assert len(found_s) == int(120 / (60 / rate) + 1e-9)
    assert [c.index for c in heard.cues] == list(range(len(heard.cues)))


def test_the_exhale_grows_to_its_target() -> None:
    heard = run(plan_of(BreathePolicy.FIXED, rate_brpm=8.0, cued_minutes=4.0, exhale_target_s=7.0))
    exhales_s = [c.duration_ns / NS_PER_S for c in heard.beats() if c.kind is CueKind.EXHALE]
    assert exhales_s[0] == pytest.approx(4.5)
    assert exhales_s[-1] == pytest.approx(7.0)
    assert max(np.diff(exhales_s)) <= safety.EXHALE_STEP_S + 1e-6
    inhales_s = [c.duration_ns / NS_PER_S for c in heard.beats() if c.kind is INHALE]
    assert inhales_s == pytest.approx([3.0] * len(inhales_s))


def test_guided_down_slows_with_a_patient_who_comes_along_and_stops_at_its_target() -> None:
    plan = plan_of(BreathePolicy.GUIDED_DOWN, baseline_s=60.0, rate_brpm=4.5, cued_minutes=20.0)
    heard = run(plan, Breather(9.0, follows=True))
    rates = [60 / cycle_s for cycle_s in cycles_s(heard)]
    assert rates[0] == pytest.approx(9.0, abs=0.3)
    assert rates[-1] == pytest.approx(4.5, abs=0.01)
    assert min(rates) >= 4.5 - 1e-6
    starts_ns = [c.planned_ns for c in heard.beats() if c.kind is INHALE]
    for (a_ns, a), (b_ns, b) in itertools.pairwise(zip(starts_ns, rates, strict=True)):
        minutes = (b_ns - a_ns) / NS_PER_S / 60
        assert a - b <= safety.GUIDED_SLOWING_BRPM_PER_MIN * minutes + 1e-6
    inhales_s = [c.duration_ns / NS_PER_S for c in heard.beats() if c.kind is INHALE]
    exhales_s = [c.duration_ns / NS_PER_S for c in heard.beats() if c.kind is CueKind.EXHALE]
    grown_s = (inhales_s[-1] - inhales_s[0], exhales_s[-1] - exhales_s[0])
    assert grown_s[1] == pytest.approx(3 * grown_s[0], rel=0.01)


def test_guided_down_never_runs_ahead_of_a_patient_who_does_not_follow() -> None:
    plan = plan_of(BreathePolicy.GUIDED_DOWN, baseline_s=60.0, cued_minutes=10.0)
    heard = run(plan, Breather(12.0, follows=False))
    rates = [60 / cycle_s for cycle_s in cycles_s(heard)]
    assert min(rates) >= 12.0 - safety.GUIDED_MARGIN_BRPM - 0.05
    assert any("held: the patient breathes at 12" in d.reason for d in heard.decisions)


def test_guided_down_holds_on_a_stuck_belt() -> None:
    breather = Breather(10.0, follows=True)

    def level(now_ns: int) -> float:
        return breather.level(min(now_ns, START_NS + 120 * NS_PER_S))

    conductor = make_conductor(
        plan_of(BreathePolicy.GUIDED_DOWN, baseline_s=60.0, cued_minutes=5.0), START_NS
    )
    heard = lead(conductor, level=level)
    assert FaultKind.SENSOR_STALE in {f.kind for f in heard.faults}
    late = [c for c in heard.beats() if c.planned_ns > START_NS + 140 * NS_PER_S]
    assert len({c.duration_ns for c in late if c.kind is INHALE}) <= 2  # rounding of a nanosecond


def test_without_a_belt_guided_down_gives_no_rate_and_says_what_to_do() -> None:
    heard = run(plan_of(BreathePolicy.GUIDED_DOWN, baseline_s=60.0, cued_minutes=5.0))
    assert heard.end_reason is not None
    assert "belt" in heard.end_reason
    assert heard.cues == []


def phase_deg(cues: list[Cue], time_ns: int) -> float:
    """Where in its breath the pacer is, as its outputs see it: the last cue to begin rules."""
    ruling = [c for c in cues if c.planned_ns <= time_ns][-1]
    turn = 0.0 if ruling.kind is INHALE else 180.0
    return turn + 180.0 * ruling.share_at(time_ns)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.floats(4.5, 20),
    inhale=st.floats(1, 9),
    nudges=st.lists(st.tuples(st.integers(250, 5_000), st.floats(-20, 20)), max_size=8),
)
def test_a_change_in_mid_breath_moves_no_phase_and_leaves_no_limit(
    rate: float, inhale: float, nudges: list[tuple[int, float]]
) -> None:
    plan = plan_of(
        BreathePolicy.FIXED,
        rate_brpm=rate,
        cued_minutes=1.5,
        inhale_parts=inhale,
        exhale_parts=10 - inhale,
    )
    conductor = make_conductor(plan, START_NS)
    asked = dict(nudges)

    def asks(now_ns: int) -> None:
        if (tick := (now_ns - START_NS) // (20 * NS_PER_MS)) in asked:
            conductor.nudge(asked[tick])

    heard = lead(conductor, asks=asks)
    cues = heard.beats()
    for cue in cues[1:]:
        jump_deg = phase_deg(cues, cue.planned_ns) - phase_deg(cues, cue.planned_ns - 1)
        assert abs((jump_deg + 180) % 360 - 180) < 1.0
    for decision in heard.decisions:
        if decision.tempo_per_minute is not None:
            assert 4.5 - 1e-9 <= decision.tempo_per_minute <= 20 + 1e-9


def test_the_live_rate_of_a_belt_with_drift_and_noise() -> None:
    evidence, rng = BreathEvidence(), np.random.default_rng(2)
    for start_s in range(90):
        times_s = start_s + np.arange(50) / 50
        counts = 400 + 2 * times_s - 90 * np.cos(2 * np.pi * times_s * 7.0 / 60)
        counts = np.rint(counts + rng.normal(0, 2, 50)).astype(int).tolist()
        evidence.add_samples(
            SampleBlock(Channel.BELT, 0, 0, 50.0, counts, first_ns=start_s * NS_PER_S)
        )
    assert evidence.rate_brpm() == pytest.approx(7.0, abs=0.15)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ('policy = "guided-down"\ncued_minutes = 5', ["own rate", "at least 30 s"]),
        ("cued_minutes = 5\nhold_in_parts = 1", ["hold the breath", "holds_unlocked_by"]),
        ('policy = "stepped"\ncued_minutes = 5', ['belongs to the policy "fixed"']),
        ("cued_minutes = 5\nrate_brpm = 3", ["4.5 to 20 breaths/min"]),
        ('policy = "fixed"', ["cued_minutes", "missing"]),
    ],
)
def test_a_bad_breathing_plan_says_what_is_wrong(fields: str, says: list[str]) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(f'exercise = "breathe"\n[breathe]\n{fields}\n')
    for part in says:
        assert part in str(caught.value)


def test_after_a_pause_the_breath_goes_on_where_it_was() -> None:
    conductor = make_conductor(plan_of(BreathePolicy.FIXED, cued_minutes=1.0), START_NS)
    paused_ns = START_NS + 3 * NS_PER_S + 22 * NS_PER_S  # two seconds into the third breath

    def asks(now_ns: int) -> None:
        if now_ns == paused_ns:
            conductor.go_on(now_ns)

    cues = lead(conductor, asks=asks).beats()
    again = next(c for c in cues if c.begin_share > 0)
    assert (again.kind, again.planned_ns) == (INHALE, paused_ns)
    assert again.begin_share == pytest.approx(0.5)
    assert again.end_ns == paused_ns + 2 * NS_PER_S
