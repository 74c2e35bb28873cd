"""The breathing block on simulated breathers whose truth is known."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.ports import CueKind, breath_level
from andante_host.metrics.breathing import FORMULAS, BeltRun, breathing_measures
from andante_host.metrics.pacer import Pacer
from support.breathing import belt_level, steady_pacer

Floats = npt.NDArray[np.float64]

RATE_HZ = 50.0
KEYS = [
    "breath_count",
    "breath_rate_brpm",
    "breath_rate_sd_brpm",
    "inhale_mean_s",
    "exhale_mean_s",
    "inhale_exhale_ratio",
    "amplitude_mean_counts",
    "amplitude_trend_percent_per_min",
    "phase_locking_value",
    "phase_lag_s",
    "period_error_mean_s",
    "onset_asynchrony_mean_s",
    "ratio_error",
    "in_tolerance_percent",
    "longest_unlocked_s",
]


def breather(
    inhale_s: float, exhale_s: float, duration_s: float, lag_s: float = 0.0
) -> tuple[Floats, Floats, BeltRun]:
    """Onsets and belt of a steady breather whose inhalations begin `lag_s` after 0."""
    cycle_s = inhale_s + exhale_s
    inhales_s = np.arange(lag_s, duration_s, cycle_s)
    exhales_s = inhales_s + inhale_s
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    counts = 500 + 200 * belt_level(time_s - lag_s, inhale_s, exhale_s)
    return inhales_s, exhales_s[exhales_s < duration_s], BeltRun(0.0, 1 / RATE_HZ, counts)


def measured(breath: tuple[Floats, Floats, BeltRun], pacer: Pacer | None = None) -> dict[str, Any]:
    inhales_s, exhales_s, belt = breath
    block = breathing_measures(inhales_s, exhales_s, [belt], pacer)
    assert list(block)[: len(KEYS)] == KEYS
    return block


def test_the_figures_of_a_steady_breather_without_a_pacer() -> None:
    block = measured(breather(4.0, 6.0, 121.0))
    assert block["breath_count"] == 12
    assert block["breath_rate_brpm"] == pytest.approx(6.0)
    assert block["breath_rate_sd_brpm"] == pytest.approx(0.0, abs=1e-9)
    assert block["inhale_mean_s"] == pytest.approx(4.0)
    assert block["exhale_mean_s"] == pytest.approx(6.0)
    assert block["inhale_exhale_ratio"] == pytest.approx(4 / 6)
    assert block["amplitude_mean_counts"] == pytest.approx(400, rel=1e-3)
    assert block["amplitude_trend_percent_per_min"] == pytest.approx(0.0, abs=0.05)
    nulls = {key for key in KEYS if block[key] is None}
    assert nulls == set(block["reasons"]) == set(KEYS[8:])


def test_the_rates_spread_is_that_of_the_breaths() -> None:
    lengths_s = np.array([4.0, 5.0, 6.0])
    inhales_s = np.concatenate([[0.0], np.cumsum(lengths_s)])
    block = breathing_measures(inhales_s, inhales_s[:-1] + 2.0)
    assert block["breath_rate_brpm"] == pytest.approx(12.0)
    assert block["breath_rate_sd_brpm"] == pytest.approx(np.std([15, 12, 10], ddof=1))
    assert block["amplitude_mean_counts"] is None
    assert "no belt" in block["reasons"]["amplitude_mean_counts"]


def test_growing_amplitude_has_its_trend() -> None:
    inhales_s, exhales_s, belt = breather(2.0, 3.0, 240.0)
    growth = 1 + 0.1 * np.arange(belt.counts.size) * belt.period_s / 60
    grown = BeltRun(0.0, belt.period_s, 500 + (belt.counts - 500) * growth)
    block = breathing_measures(inhales_s, exhales_s, [grown])
    # 10 % of the first minute's amplitude a minute is 100·0.1/1.2 % of the mean over four.
    assert block["amplitude_trend_percent_per_min"] == pytest.approx(10 / 1.2, rel=0.03)


def test_a_perfect_follower_is_locked_and_in_tolerance() -> None:
    block = measured(breather(4.0, 6.0, 301.0), steady_pacer(4.0, 6.0, 30))
    assert block["phase_locking_value"] == pytest.approx(1.0, abs=1e-3)
    assert block["phase_lag_s"] == pytest.approx(0.0, abs=0.01)
    assert block["period_error_mean_s"] == pytest.approx(0.0, abs=1e-9)
    assert block["onset_asynchrony_mean_s"] == pytest.approx(0.0, abs=1e-9)
    assert block["ratio_error"] == pytest.approx(0.0, abs=1e-9)
    assert block["in_tolerance_percent"] == 100.0
    assert block["longest_unlocked_s"] == 0.0
    assert block["reasons"] == {}


def test_the_oracle_of_one_second_of_lag() -> None:
    block = measured(breather(5.0, 5.0, 302.0, lag_s=1.0), steady_pacer(5.0, 5.0, 30))
    assert block["phase_locking_value"] == pytest.approx(1.0, abs=5e-4)
    assert block["phase_lag_s"] == pytest.approx(1.0, abs=0.01)  # 36 degrees of 10 s


def test_the_lag_of_a_breath_that_is_no_sine() -> None:
    block = measured(breather(4.0, 6.0, 302.0, lag_s=1.0), steady_pacer(4.0, 6.0, 30))
    # The corners of the half-cosines feel the ends of the record.
    assert block["phase_locking_value"] == pytest.approx(1.0, abs=2e-3)
    assert block["phase_lag_s"] == pytest.approx(1.0, abs=0.01)
    assert block["onset_asynchrony_mean_s"] == pytest.approx(1.0, abs=1e-6)


def test_the_oracle_of_a_breather_who_drifts_away() -> None:
    cycle_s = 60 / 5.5
    block = measured(breather(0.4 * cycle_s, 0.6 * cycle_s, 300.0), steady_pacer(4.0, 6.0, 30))
    assert block["phase_locking_value"] == pytest.approx(0.117, abs=0.005)
    assert block["phase_lag_s"] is None
    assert block["period_error_mean_s"] == pytest.approx(cycle_s - 10)
    assert block["onset_asynchrony_mean_s"] is None
    # Within an eighth of a breath for two breaths, away from it for nine: every 11 breaths.
    assert block["longest_unlocked_s"] == pytest.approx(90.0)


def test_the_oracle_of_the_ratio_that_locking_does_not_see() -> None:
    block = measured(breather(5.0, 5.0, 301.0), steady_pacer(4.0, 6.0, 30))
    assert block["phase_locking_value"] == pytest.approx(0.997, abs=0.003)
    assert block["ratio_error"] == pytest.approx(1 - 4 / 6)


def test_one_long_absence_is_the_longest_unlocked_time() -> None:
    inhales_s, exhales_s, belt = breather(4.0, 6.0, 311.0)
    away = slice(10, 14)  # breaths from 100 to 140 s were not taken
    inhales_s, exhales_s = np.delete(inhales_s, away), np.delete(exhales_s, away)
    block = breathing_measures(inhales_s, exhales_s, [belt], steady_pacer(4.0, 6.0, 30))
    # The breath that began at 90 s lasted until 140 s: it is no breath of 10 s either.
    assert block["longest_unlocked_s"] == pytest.approx(50.0)
    assert block["in_tolerance_percent"] == pytest.approx(100 * 25 / 30)


def test_a_hold_hides_when_the_next_inhalation_begins() -> None:
    pacer = steady_pacer(4.0, 4.0, 20, hold_s=2.0)
    assert pacer.free_onsets_s(CueKind.EXHALE).size == 20
    assert pacer.free_onsets_s(CueKind.INHALE).tolist() == [0.0]
    assert [times_s[0] for times_s in pacer.cycles()] == [0.0, 10.0]
    inhales_s = np.arange(0.0, 201.0, 10.0) - 1.5  # found in the middle of the hold
    block = breathing_measures(inhales_s, np.arange(4.0, 200.0, 10.0), [], pacer)
    assert block["onset_asynchrony_mean_s"] == pytest.approx(0.0, abs=1e-9)


def test_a_part_that_goes_on_at_another_rate_is_the_same_part() -> None:
    """An exhalation of 6 s whose second half is slowed to 4 s."""
    pacer = Pacer(
        kind=np.array(["inhale", "exhale", "exhale", "inhale", "exhale"]),
        start_s=np.array([0.0, 4.0, 7.0, 11.0, 15.0]),
        duration_s=np.array([4.0, 6.0, 4.0, 4.0, 6.0]),
        begin_share=np.array([0.0, 0.0, 0.5, 0.0, 0.0]),
    )
    start_s, end_s = pacer.cycles()
    assert start_s.tolist() == [0.0, 11.0]
    assert end_s.tolist() == [11.0, 21.0]
    assert pacer.free_onsets_s(CueKind.EXHALE).tolist() == [4.0, 15.0]
    assert pacer.inhale_exhale_ratio == pytest.approx(8 / 13)
    near = pacer.level_at(np.array([7.0 - 1e-6, 7.0, 9.0]))
    assert near[0] == pytest.approx(near[1], abs=1e-5)
    assert near[2] == pytest.approx(breath_level(CueKind.EXHALE, 0.75))


def test_a_rest_between_two_paced_parts_is_not_unlocked_time() -> None:
    first, second = steady_pacer(4.0, 6.0, 6), steady_pacer(4.0, 6.0, 6, start_s=120.0)
    pacer = Pacer(*(np.concatenate([getattr(p, n) for p in (first, second)]) for n in vars(first)))
    assert pacer.stretches() == [(0.0, 60.0), (120.0, 180.0)]
    block = breathing_measures([], [], [], pacer)
    assert block["longest_unlocked_s"] == pytest.approx(60.0)
    assert block["in_tolerance_percent"] == 0.0


@settings(max_examples=50, deadline=None)
@given(
    kind=st.sampled_from(["inhale", "hold_in", "exhale", "hold_out"]),
    duration_s=st.floats(0.5, 10.0),
    begin_share=st.floats(0.0, 0.9),
    at=st.floats(0.0, 1.0),
)
def test_the_pacers_level_is_that_of_the_cue(
    kind: str, duration_s: float, begin_share: float, at: float
) -> None:
    pacer = Pacer(*(np.array([v]) for v in (kind, 5.0, duration_s, begin_share)))
    share = begin_share + (1 - begin_share) * at
    level = pacer.level_at(np.array([5.0 + at * duration_s]))[0]
    assert level == pytest.approx(breath_level(CueKind(kind), share), abs=1e-9)


def test_what_cannot_be_answered_says_so() -> None:
    pacer = steady_pacer(4.0, 6.0, 6)
    belt = BeltRun(0.0, 0.02, np.full(700, 3.0))
    cases: tuple[tuple[list[float], list[float], list[BeltRun], Pacer | None], ...] = (
        ([], [], [], None),
        ([1.0], [2.0], [], None),
        ([1.0, 5.0], [2.0], [], None),
        ([np.nan, 3.0, 1.0], [np.nan], [belt], pacer),
        ([], [], [belt], steady_pacer(4.0, 6.0, 1)),
        ([10.0, 0.0, 20.0], [14.0, 4.0], [belt], pacer),  # not in order
    )
    for inhales_s, exhales_s, runs, paced in cases:
        block = breathing_measures(inhales_s, exhales_s, runs, paced)
        nulls = {key for key in KEYS if block[key] is None}
        assert nulls == set(block["reasons"])
        assert all(np.isfinite(block[key]) for key in set(KEYS) - nulls)
    assert breathing_measures([10.0, 0.0, 20.0], [14.0, 4.0])["breath_rate_brpm"] == 6.0


def test_every_figure_that_is_our_own_says_how_it_is_made() -> None:
    assert set(FORMULAS) <= set(KEYS)
    assert {"in_tolerance_percent", "longest_unlocked_s", "ratio_error"} <= set(FORMULAS)
