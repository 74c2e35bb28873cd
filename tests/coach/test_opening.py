"""The starting tempo and its reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.coach.evidence import cadence_spm
from andante.coach.opening import starting_tempo
from andante.plan import Plan, parse_plan
from andante.safety import MIN_BASELINE_STEPS, PERCENT_OF_BASELINE, WALKING_TEMPO_SPM
from andante.timebase import NS_PER_S


def walk(**fields: float) -> Plan:
    lines = "\n".join(f"{key} = {value}" for key, value in fields.items())
    return parse_plan(f'exercise = "walk"\n[walk]\ncued_minutes = 1\n{lines}\n')


def steps(step_time_s: float, count: int = 60) -> list[int]:
    return [round(n * step_time_s * NS_PER_S) for n in range(count)]


def test_cadence_is_sixty_over_the_median_step_time() -> None:
    assert cadence_spm(steps(0.5)) == pytest.approx(120)


@given(st.randoms(use_true_random=False))
def test_a_pause_and_a_missed_step_leave_the_cadence_alone(random: object) -> None:
    times = steps(0.5)
    del times[20]
    times = times[:40] + [t + 8 * NS_PER_S for t in times[40:]]
    random.shuffle(times)  # type: ignore[attr-defined]
    assert cadence_spm(times) == pytest.approx(120)


def test_too_few_steps_give_no_cadence() -> None:
    assert cadence_spm([]) is None
    assert cadence_spm(steps(0.5, MIN_BASELINE_STEPS)) is None
    assert cadence_spm(steps(0.5, MIN_BASELINE_STEPS + 1)) is not None


def test_a_share_of_the_baseline() -> None:
    decision = starting_tempo(walk(baseline_s=30, tempo_percent_of_baseline=105), steps(0.6))
    assert decision.tempo_per_minute == pytest.approx(105)
    assert decision.reason == "105 % of the baseline cadence of 100.0 steps/min"


def test_a_tempo_too_far_from_the_baseline_is_brought_back_and_says_so() -> None:
    decision = starting_tempo(walk(baseline_s=30, tempo_spm=140), steps(0.6))
    assert decision.tempo_per_minute == pytest.approx(110)
    assert "lowered from 140.0 to 110.0" in decision.reason


def test_a_freezers_tempo_is_not_raised_without_an_unlock() -> None:
    text = 'exercise = "walk"\n[walk]\nbaseline_s = 30\ntempo_spm = 108\ncued_minutes = 1\n'
    freezer = parse_plan(text + "[patient]\nfreezer = true\n")
    decision = starting_tempo(freezer, steps(0.6))
    assert decision.tempo_per_minute == pytest.approx(100)
    assert "lowered from 108.0 to 100.0" in decision.reason
    unmeasured = starting_tempo(freezer, [])
    assert unmeasured.tempo_per_minute is None
    assert "freezer" in unmeasured.reason
    unlocked = parse_plan(text + '[patient]\nfreezer = true\ntempo_unlocked_by = "therapist"\n')
    decision = starting_tempo(unlocked, steps(0.6))
    assert decision.tempo_per_minute == pytest.approx(108)
    assert "unlocked by the therapist" in decision.reason


def test_without_a_measured_baseline_no_share_of_it_is_guessed() -> None:
    decision = starting_tempo(walk(baseline_s=30, tempo_percent_of_baseline=105), steps(0.6, 5))
    assert decision.tempo_per_minute is None
    assert "foot sensors" in decision.reason
    assert starting_tempo(walk(baseline_s=30, tempo_spm=100), []).tempo_per_minute == 100


@given(
    step_time_s=st.floats(min_value=0.1, max_value=3),
    percent=st.floats(min_value=90, max_value=110),
    jitter_ms=st.floats(min_value=0, max_value=400),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_baseline_leads_out_of_the_limits(
    step_time_s: float, percent: float, jitter_ms: float, seed: int
) -> None:
    noise_ns = np.random.default_rng(seed).normal(0, jitter_ms * 1e6, 80)
    times = [round(t + n) for t, n in zip(steps(step_time_s, 80), noise_ns, strict=True)]
    plan = walk(baseline_s=60, tempo_percent_of_baseline=percent)
    decision = starting_tempo(plan, times)
    if decision.tempo_per_minute is None:
        return
    assert decision.tempo_per_minute in WALKING_TEMPO_SPM
    baseline = cadence_spm(times)
    assert baseline is not None
    share = 100 * decision.tempo_per_minute / baseline
    within = PERCENT_OF_BASELINE.low - 1e-9 <= share <= PERCENT_OF_BASELINE.high + 1e-9
    assert within or "40-173" in decision.reason
