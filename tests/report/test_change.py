"""Differences between parts of a walk, and whether their intervals keep what they promise."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante_host.metrics.gait import asymmetry_percent, gait_measures
from andante_host.report.change import (
    MIN_STRIDES,
    Difference,
    _moments,
    cadence_spm,
    difference,
    step_pairs_s,
    stride_cv_percent,
    unevenness_percent,
)

Floats = npt.NDArray[np.float64]


def _steps_s(
    rng: np.random.Generator, count: int, step_s: float = 0.55, sd_s: float = 0.02
) -> Floats:
    return rng.normal(step_s, sd_s, (count, 2))


def test_pairs_are_the_two_steps_of_each_left_stride() -> None:
    left_s = np.array([0.0, 1.0, 2.1, 3.1])
    right_s = np.array([0.4, 1.5, 2.6])
    np.testing.assert_allclose(step_pairs_s(left_s, right_s), [[0.4, 0.6], [0.5, 0.6], [0.5, 0.5]])


def test_no_contacts_give_no_pairs() -> None:
    assert step_pairs_s(np.empty(0), np.empty(0)).shape == (0, 2)
    assert step_pairs_s(np.array([0.0, 1.0]), np.empty(0)).shape == (0, 2)


@settings(max_examples=25)
@given(st.integers(0, 1_000))
def test_the_statistics_are_those_of_the_measures(seed: int) -> None:
    """On an even walk, where no stride is left out."""
    steps_s = np.random.default_rng(seed).uniform(0.54, 0.58, (40, 2))
    contacts_s = np.concatenate(([0.0], steps_s.ravel().cumsum()))
    left_s, right_s = contacts_s[::2], contacts_s[1::2]
    measures = gait_measures(left_s, right_s, [], [])
    pairs_s = step_pairs_s(left_s, right_s)
    if len(pairs_s) < 40:
        return  # one lay beyond three standard deviations
    means = _moments(pairs_s).mean(axis=0)
    assert cadence_spm(means, 40) == pytest.approx(measures.cadence_spm, rel=1e-9)
    assert stride_cv_percent(means, 40) == pytest.approx(
        measures.left_stride_time_cv_percent, rel=1e-6
    )
    right_mean_s, left_mean_s = pairs_s.mean(axis=0)
    assert unevenness_percent(means, 40) == pytest.approx(
        abs(asymmetry_percent(left_mean_s, right_mean_s)), rel=1e-9, abs=1e-9
    )


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """300 walks whose strides resemble their neighbours (AR(1), 0.3); 95 % less what blocks cost.

    Binomial spread at 300: 1.3 points.
    """
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        slow_s, fast_s = (_drifting_s(rng, step_s) for step_s in (0.56, 0.54))
        own = float(60.0 / slow_s.mean()), float(60.0 / fast_s.mean())
        found = difference(cadence_spm, slow_s, fast_s, own)
        assert found.low is not None
        assert found.high is not None
        truth = 60.0 / 0.54 - 60.0 / 0.56
        held += found.low <= truth <= found.high
    assert 0.88 <= held / 300 <= 0.99


def _drifting_s(rng: np.random.Generator, step_s: float) -> Floats:
    noise = rng.normal(0.0, 0.02, 160)
    drift = np.zeros(160)
    for n in range(1, 160):
        drift[n] = 0.3 * drift[n - 1] + noise[n]
    return step_s + np.column_stack((drift, drift)) / 2


def test_a_real_difference_is_told_and_none_is_not() -> None:
    rng = np.random.default_rng(2)
    slow, fast, same = (_steps_s(rng, 120, step_s) for step_s in (0.58, 0.54, 0.58))
    told = difference(cadence_spm, slow, fast, (103.4, 111.1))
    assert told.told
    assert told.change == pytest.approx(7.7)
    assert not difference(cadence_spm, slow, same, (103.4, 103.4)).told


def test_too_few_strides_give_a_difference_without_an_interval() -> None:
    rng = np.random.default_rng(3)
    few = _steps_s(rng, MIN_STRIDES - 1)
    found = difference(stride_cv_percent, few, _steps_s(rng, 100), (2.0, 3.0))
    assert found == Difference(2.0, 3.0, None, None)
    assert not found.told


def test_the_same_session_gives_the_same_interval() -> None:
    rng = np.random.default_rng(4)
    parts = _steps_s(rng, 60), _steps_s(rng, 60)
    assert difference(stride_cv_percent, *parts, (2.0, 2.0)) == difference(
        stride_cv_percent, *parts, (2.0, 2.0)
    )
