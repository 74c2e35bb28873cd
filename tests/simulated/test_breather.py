"""Breathers of every setting follow as far as they can; the belt shows what they did. Simulated."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.ports import Channel, Cue, CueKind
from andante.simulated.patients import SETTINGS, Breather, TrueBreath, breath_summary, make_patient
from andante.simulated.patients import habits as h
from andante.simulated.patients.breath_model import PARTS, BreathModel
from andante.timebase import NS_PER_S
from andante_host.detect.breaths import detect_breaths
from support.patients import CLOCK, LEAD_NS, START_NS, Felt, Floats, spend

FOUR_TO_SIX = (4.0, 0.0, 6.0, 0.0)


def pacer(
    rate_brpm: Callable[[float], float],
    from_s: float,
    to_s: float,
    ratio: tuple[float, ...] = FOUR_TO_SIX,
) -> list[Cue]:
    """Breath cues, one breath after the other, at the rate for the second at which each begins."""
    cues: list[Cue] = []
    at_s = from_s
    while at_s < to_s:
        cycle_s = 60 / rate_brpm(at_s)
        for kind, share in zip(PARTS, ratio, strict=True):
            length_s = cycle_s * share / sum(ratio)
            if length_s > 0:
                planned_ns = START_NS + round(at_s * NS_PER_S)
                end_ns = START_NS + round((at_s + length_s) * NS_PER_S)
                cues.append(Cue(len(cues), planned_ns, kind, duration_ns=end_ns - planned_ns))
            at_s += length_s
    return cues


def breathe(
    habits: h.BreathHabits, cues: list[Cue], length_s: float, seed: int = 2
) -> list[TrueBreath]:
    """The breaths of `length_s` from START_NS on, by the model alone; cues come 250 ms early."""
    model = BreathModel(habits, np.random.default_rng(seed))
    waiting = list(reversed(cues))
    truth: list[TrueBreath] = []
    start_ns = START_NS
    while True:
        while waiting and waiting[-1].planned_ns <= start_ns + LEAD_NS:
            model.hear(waiting.pop())
        done = model.plan(start_ns).as_done
        if done.end_ns > START_NS + round(length_s * NS_PER_S):
            return truth
        truth.append(done)
        start_ns = done.end_ns


def wear_belt(
    habits: h.BreathHabits, cues: list[Cue], length_s: float, seed: int = 2
) -> tuple[list[TrueBreath], Felt]:
    """The same with a belt on."""
    end_ns = START_NS + round(length_s * NS_PER_S)
    breather = Breather(habits, CLOCK, START_NS, end_ns, seed)
    felt = spend(breather, end_ns, cues)
    return breather.truth, felt


def test_the_belt_changes_nothing_about_the_breath() -> None:
    cues = pacer(lambda _: 8.0, 20, 90)
    assert wear_belt(h.STROKE_BREATHER, cues, 90)[0] == breathe(h.STROKE_BREATHER, cues, 90)


def starts_s(truth: list[TrueBreath]) -> Floats:
    return np.array([(b.inhale_ns - START_NS) / NS_PER_S for b in truth])


def cycles_s(truth: list[TrueBreath]) -> Floats:
    return np.array([(b.end_ns - b.inhale_ns) / NS_PER_S for b in truth])


def rate_brpm(truth: list[TrueBreath], from_s: float, to_s: float) -> float:
    at_s = starts_s(truth)
    return float(60 / cycles_s(truth)[(at_s >= from_s) & (at_s < to_s)].mean())


def belt(felt: Felt) -> tuple[Floats, Floats]:
    """Seconds since START_NS, and counts."""
    ticks = np.concatenate(
        [b.first_ticks + b.period_ticks * np.arange(len(b.counts)) for b in felt.counts]
    )
    time_s = np.array([(CLOCK.ns_at(t) - START_NS) / NS_PER_S for t in ticks.tolist()])
    return time_s, np.concatenate([b.counts for b in felt.counts]).astype(np.float64)


@pytest.mark.parametrize(
    ("habits", "own_brpm"),
    [
        (h.HEALTHY_BREATHER, 15),
        (h.PARKINSON_BREATHER, 18),
        (h.STROKE_BREATHER, 18),
        (h.BRAIN_INJURY_BREATHER, 18),
        (h.STUBBORN_BREATHER, 15),
    ],
)
def test_without_a_pacer_everyone_has_the_own_rate_and_ratio(
    habits: h.BreathHabits, own_brpm: float
) -> None:
    truth = breathe(habits, [], 300)
    assert rate_brpm(truth, 0, 300) == pytest.approx(own_brpm, rel=0.05)
    inhale_s = np.array([(b.exhale_ns - b.inhale_ns) / NS_PER_S for b in truth])
    assert (inhale_s / cycles_s(truth)) == pytest.approx(habits.inhale_share, abs=1e-6)
    cv_percent = 100 * cycles_s(truth).std(ddof=1) / cycles_s(truth).mean()
    assert cv_percent == pytest.approx(habits.cycle_cv_percent, rel=0.25)
    assert not any(b.paced for b in truth)


def test_a_healthy_breather_takes_the_pacers_rate_ratio_and_phase() -> None:
    truth = breathe(h.HEALTHY_BREATHER, pacer(lambda _: 6.0, 60, 480), 480)
    assert rate_brpm(truth, 0, 55) == pytest.approx(15, rel=0.1)
    assert rate_brpm(truth, 200, 470) == pytest.approx(6, rel=0.02)
    late = starts_s(truth) > 200
    inhale_s = np.array([(b.exhale_ns - b.inhale_ns) / NS_PER_S for b in truth])
    assert (inhale_s / cycles_s(truth))[late] == pytest.approx(0.4, abs=1e-6)
    behind_s = (starts_s(truth)[late] - 60 + 5) % 10 - 5
    assert behind_s.mean() == pytest.approx(0.4, abs=0.25)
    assert behind_s.std() < 1.0


def test_an_exhale_lasts_no_longer_than_the_breath_does() -> None:
    """A sustained exhale of 20 s is asked for."""
    for habits in (h.HEALTHY_BREATHER, h.STROKE_BREATHER):
        truth = breathe(habits, pacer(lambda _: 2.5, 30, 500, (4.0, 0.0, 20.0, 0.0)), 500)
        exhale_s = np.array([(b.end_ns - b.exhale_ns) / NS_PER_S for b in truth])
        assert exhale_s.max() == pytest.approx(habits.longest_exhale_s, abs=1e-6)


def test_holds_are_held() -> None:
    box = (4.0, 4.0, 4.0, 4.0)
    _, felt = wear_belt(h.HEALTHY_BREATHER, pacer(lambda _: 5.0, 10, 300, box), 300)
    time_s, counts = belt(felt)
    late = counts[time_s > 150]
    # Full and empty half of the time, up to the belt's slow shifts.
    middle = (late.max() + late.min()) / 2
    edge = 0.3 * (late.max() - late.min()) / 2
    assert np.mean(np.abs(late - middle) > edge) > 0.7


def test_nobody_slows_faster_than_they_can() -> None:
    for habits in (h.HEALTHY_BREATHER, h.PARKINSON_BREATHER, h.BRAIN_INJURY_BREATHER):
        even = replace(habits, cycle_cv_percent=0.0, lag_s=0.0)
        truth = breathe(even, pacer(lambda _: 6.0, 30, 300), 300)
        rates = 60 / cycles_s(truth)
        far = rates > 7.5  # before catching up in phase begins
        slowing = -np.diff(rates[far]) / (cycles_s(truth)[far][:-1] / 60)
        # Half of the next breath's length may pass before a minute is up.
        assert slowing.max() < 1.15 * habits.most_slowing_brpm_per_min


def test_who_does_not_follow_breathes_the_same_with_a_pacer_as_without() -> None:
    with_pacer = breathe(h.STUBBORN_BREATHER, pacer(lambda _: 6.0, 30, 300), 300)
    without = breathe(h.STUBBORN_BREATHER, [], 300)
    assert with_pacer == without


def test_the_setting_decides_how_far_the_pacer_is_followed() -> None:
    cues = pacer(lambda _: 6.0, 30, 420)
    rates = [
        rate_brpm(breathe(habits, cues, 420), 220, 410)
        for habits in (h.HEALTHY_BREATHER, h.STROKE_BREATHER, h.BRAIN_INJURY_BREATHER)
    ]
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(6, abs=0.2)
    assert 9 < rates[2] < 16


def test_when_the_pacer_ends_the_own_breath_comes_back() -> None:
    truth = breathe(h.HEALTHY_BREATHER, pacer(lambda _: 6.0, 30, 200), 400)
    assert rate_brpm(truth, 120, 195) == pytest.approx(6, rel=0.05)
    assert rate_brpm(truth, 280, 400) == pytest.approx(15, rel=0.1)
    assert not truth[-1].paced


def test_slow_guidance_is_followed_all_the_way() -> None:
    """Half a breath a minute less each minute, as `guided-down` has it."""

    def down_brpm(at_s: float) -> float:
        return max(6.0, 15.0 - 0.5 * (at_s - 30) / 60)

    truth = breathe(h.HEALTHY_BREATHER, pacer(down_brpm, 30, 800), 800)
    for at_s in (200, 450, 700):
        own = rate_brpm(truth, at_s - 60, at_s + 60)
        assert own == pytest.approx(down_brpm(at_s), rel=0.06)


def test_a_cue_that_takes_over_in_mid_breath_is_one_breath() -> None:
    """The exhale that begins at 6 s goes on at another rate from 8 s, at the share reached."""
    cues = pacer(lambda _: 6.0, 0, 100)
    whole = [*cues]
    split: list[Cue] = []
    for cue in cues:
        if cue.kind is CueKind.EXHALE:
            first_ns = cue.duration_ns // 3
            split.append(cue)
            split.append(
                replace(
                    cue,
                    planned_ns=cue.planned_ns + first_ns,
                    duration_ns=cue.duration_ns - first_ns,
                    begin_share=1 / 3,
                )
            )
        else:
            split.append(cue)
    assert breathe(h.HEALTHY_BREATHER, split, 100) == breathe(h.HEALTHY_BREATHER, whole, 100)


def test_over_breathing_grows_while_paced_and_only_then() -> None:
    even = replace(h.BRAIN_INJURY_BREATHER, depth_cv_percent=0.0, cycle_cv_percent=0.0)
    truth = breathe(even, pacer(lambda _: 18.0, 60, 360), 360)  # no slower, so no deeper
    depths = np.array([b.depth_counts for b in truth])
    paced = np.array([b.paced for b in truth])
    assert np.ptp(depths[~paced]) < 1.0
    minutes = starts_s(truth)[paced] / 60
    percent_per_min = 100 * np.polyfit(minutes, np.log(depths[paced]), 1)[0]
    assert percent_per_min == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize("setting", [s.name for s in SETTINGS])
def test_the_belt_shows_the_breaths_that_were_made(setting: str) -> None:
    end_ns = START_NS + 200 * NS_PER_S
    breather = make_patient("breathe", setting, CLOCK, START_NS, end_ns, 4)
    felt = spend(breather, end_ns, pacer(lambda _: 7.0, 60, 200))
    assert not felt.presses
    assert {block.channel for block in felt.counts} == {Channel.BELT}
    time_s, counts = belt(felt)
    assert np.diff(time_s) == pytest.approx(0.01, abs=1e-4)
    assert counts.min() > 0
    assert counts.max() < 1023
    assert np.abs(np.diff(counts)).max() <= 12  # ten samples a tenth of a second: never a jump
    true_s = starts_s([b for b in breather.truth if isinstance(b, TrueBreath)])
    found_s = detect_breaths(time_s, counts).inhales_s
    inside = true_s[(true_s > 5) & (true_s < 190)]
    off_s = np.array([np.abs(found_s - t).min() for t in inside])
    assert np.mean(off_s < 0.7) > 0.93
    assert np.median(off_s) < 0.15


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(PARTS), st.floats(0.05, 12.0), st.floats(0.0, 0.9)), max_size=30
    ),
    st.sampled_from([s.name for s in SETTINGS]),
    st.integers(0, 99),
)
def test_breath_is_continuous_whatever_is_heard(
    raw: list[tuple[CueKind, float, float]], setting: str, seed: int
) -> None:
    cues, at_ns = [], START_NS
    for index, (kind, length_s, share) in enumerate(raw):
        length_ns = round(length_s * NS_PER_S)
        cues.append(Cue(index, at_ns, kind, duration_ns=length_ns, begin_share=share))
        at_ns += length_ns
    end_ns = START_NS + 40 * NS_PER_S
    breather = make_patient("breathe", setting, CLOCK, START_NS, end_ns, seed)
    felt = spend(breather, end_ns, cues)
    _, counts = belt(felt)
    assert np.abs(np.diff(counts)).max() <= 30
    breaths = [b for b in breather.truth if isinstance(b, TrueBreath)]
    assert breaths[0].inhale_ns == START_NS
    for before, after in pairwise(breaths):
        assert before.end_ns == after.inhale_ns
    assert all(b.inhale_ns < b.exhale_ns < b.end_ns for b in breaths)


def test_the_summary_has_the_means_of_what_was_done() -> None:
    truth = breathe(h.HEALTHY_BREATHER, [], 120)
    summary = breath_summary(truth, START_NS)
    assert summary["breath_count"] == len(truth)
    assert summary["breath_rate_brpm"] == pytest.approx(60 / cycles_s(truth).mean())
    assert summary["inhale_mean_s"] + summary["exhale_mean_s"] == pytest.approx(
        cycles_s(truth).mean()
    )
    assert breath_summary([], START_NS)["breath_rate_brpm"] is None
