import subprocess
import sys

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from andante_host.metrics.gait import (
    GaitMeasures,
    asymmetry_percent,
    dfa_alpha,
    gait_measures,
    near_median,
)

Floats = npt.NDArray[np.float64]
Walk = tuple[Floats, Floats, Floats, Floats]

KEYS_IN_ORDER = [
    "step_count",
    "stride_count",
    "cadence_spm",
    "step_time_mean_s",
    "left_stride_time_mean_s",
    "right_stride_time_mean_s",
    "left_stride_time_sd_s",
    "right_stride_time_sd_s",
    "left_stride_time_cv_percent",
    "right_stride_time_cv_percent",
    "left_swing_percent",
    "right_swing_percent",
    "left_stance_time_mean_s",
    "right_stance_time_mean_s",
    "double_support_percent",
    "step_time_asymmetry_percent",
    "swing_time_ratio",
    "phase_coordination_index_percent",
    "dfa_alpha",
    "dfa_box_range",
    "excluded_stride_count",
]


def make(
    count: int = 150,
    stride_s: float = 1.1,
    sd_s: float = 0.02,
    left_stance: float = 0.62,
    right_stance: float = 0.64,
    right_phase: float = 0.48,
    seed: int = 1,
) -> Walk:
    """Left and right contacts, left and right offs, of strides that vary at random."""
    strides_s = stride_s + sd_s * np.random.default_rng(seed).standard_normal(count)
    left_on = np.concatenate([[1.0], 1.0 + np.cumsum(strides_s)])
    right_on = left_on[:-1] + right_phase * strides_s
    left_off = left_on[:-1] + left_stance * strides_s
    right_off = right_on + right_stance * strides_s
    return left_on, right_on, left_off, right_off


def numbers(measures: GaitMeasures) -> dict[str, float]:
    fields = msgspec.structs.asdict(measures)
    return {k: v for k, v in fields.items() if isinstance(v, (int, float))}


def test_the_keys_come_in_the_documented_order_with_reasons_beside() -> None:
    fields = GaitMeasures.__struct_fields__
    assert list(fields[: len(KEYS_IN_ORDER)]) == KEYS_IN_ORDER
    assert fields[-2:] == ("reasons", "formulas")


def test_a_walk_without_variation_is_measured_exactly() -> None:
    measures = gait_measures(*make(sd_s=0.0))
    expected = {
        "step_count": 301,
        "stride_count": 299,
        "cadence_spm": 60 / 0.55,
        "left_stride_time_mean_s": 1.1,
        "right_stride_time_sd_s": 0.0,
        "left_swing_percent": 38.0,
        "right_swing_percent": 36.0,
        "left_stance_time_mean_s": 0.62 * 1.1,
        # Right off at .48 + .64 - 1 of the stride; left off at .62, right contact at .48.
        "double_support_percent": 12.0 + 14.0,
        # Left steps last .52, right steps .48 of the stride.
        "step_time_asymmetry_percent": 100 * 0.04 / 0.5,
        "swing_time_ratio": 38 / 36,
        # Phases all alike: only their distance from 180 degrees counts.
        "phase_coordination_index_percent": 100 * 0.02 / 0.5,
        "excluded_stride_count": 0,
    }
    found = numbers(measures)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=2e-3), key
    assert measures.dfa_alpha is None
    assert measures.reasons == {"dfa_alpha": "the strides do not fluctuate"}


def test_the_asymmetry_oracle() -> None:
    assert asymmetry_percent(0.39, 0.25) == pytest.approx(43.75)
    assert asymmetry_percent(0.25, 0.39) == pytest.approx(-43.75)


def test_dfa_of_noise_of_a_walk_and_of_what_is_drawn_back() -> None:
    noise = np.random.default_rng(8).standard_normal(20_000)
    assert dfa_alpha(noise) == pytest.approx(0.5, abs=0.06)
    assert dfa_alpha(np.cumsum(noise)) == pytest.approx(1.5, abs=0.06)
    drawn_back = dfa_alpha(np.diff(noise))
    assert drawn_back is not None
    assert drawn_back < 0.2


def test_dfa_needs_a_hundred_strides_of_the_left_foot() -> None:
    short, enough = gait_measures(*make(99)), gait_measures(*make(115))
    assert short.dfa_alpha is None
    assert "at least 100 left strides; there are 9" in short.reasons["dfa_alpha"]
    assert enough.dfa_alpha is not None
    assert "dfa_alpha" not in enough.reasons


def test_a_missed_contact_makes_no_double_stride() -> None:
    left_on, right_on, left_off, right_off = make(150, sd_s=0.03)
    whole = gait_measures(left_on, right_on, left_off, right_off)
    gone = slice(20, 140, 6)  # so many that three standard deviations would let them through
    missed = gait_measures(np.delete(left_on, gone), right_on, left_off, right_off)
    assert missed.excluded_stride_count >= 20
    assert missed.stride_count >= 299 - 40 - whole.excluded_stride_count
    assert missed.left_stride_time_mean_s == pytest.approx(whole.left_stride_time_mean_s, rel=5e-3)
    assert missed.left_stride_time_cv_percent == pytest.approx(
        whole.left_stride_time_cv_percent, rel=0.2
    )
    assert missed.left_unfiltered_stride_time_cv_percent is not None
    assert missed.left_unfiltered_stride_time_cv_percent > 30
    assert missed.cadence_spm == pytest.approx(whole.cadence_spm, rel=5e-3)


def test_an_outlier_is_excluded_once_and_both_figures_are_given() -> None:
    left_on, right_on, left_off, right_off = make(150)
    late = left_on[80:].copy()
    measures = gait_measures(
        np.concatenate([left_on[:80], late + 0.5]),
        np.where(right_on > left_on[79], right_on + 0.5, right_on),
        np.where(left_off > left_on[79], left_off + 0.5, left_off),
        np.where(right_off > left_on[79], right_off + 0.5, right_off),
    )
    plain = gait_measures(left_on, right_on, left_off, right_off)
    assert measures.excluded_stride_count >= 2  # one of each foot
    assert measures.left_stride_time_sd_s == pytest.approx(plain.left_stride_time_sd_s, rel=0.05)
    assert measures.left_unfiltered_stride_time_sd_s is not None
    assert measures.left_unfiltered_stride_time_sd_s > 2 * 0.02


def test_a_pause_is_no_stride_and_implausible_strides_are_counted() -> None:
    first, second = make(60), make(60, seed=2)
    joined = [np.concatenate([a, b + 120.0]) for a, b in zip(first, second, strict=True)]
    measures = gait_measures(*joined)
    alone = [gait_measures(*walk).stride_count for walk in (first, second)]
    assert measures.stride_count == pytest.approx(sum(alone), abs=3)
    assert measures.left_stride_time_cv_percent == pytest.approx(2.0, abs=0.6)
    slow = gait_measures(*make(60, stride_s=3.4))
    assert slow.stride_count == 0
    assert slow.excluded_stride_count == 119
    assert slow.left_stride_time_mean_s is None
    assert "left_stride_time_mean_s" in slow.reasons


def test_a_cadence_that_nobody_walks_is_not_given() -> None:
    fast = gait_measures(*make(60, stride_s=0.5))
    assert fast.cadence_spm is None
    assert "outside the plausible 40-173" in fast.reasons["cadence_spm"]


def test_without_offs_what_rests_on_them_is_missing_with_its_reason() -> None:
    left_on, right_on, _, _ = make()
    measures = gait_measures(left_on, right_on, [], [])
    needing = {
        "left_swing_percent",
        "right_swing_percent",
        "left_stance_time_mean_s",
        "right_stance_time_mean_s",
        "double_support_percent",
        "swing_time_ratio",
    }
    assert set(measures.reasons) == needing
    assert measures.phase_coordination_index_percent is not None


@pytest.mark.parametrize("contact_count", [0, 1, 2])
def test_next_to_nothing_gives_reasons_and_no_numbers(contact_count: int) -> None:
    contacts_s = np.arange(contact_count) * 1.1
    measures = gait_measures(contacts_s, [], [], [])
    fields = msgspec.structs.asdict(measures)
    missing = {key for key, value in fields.items() if value is None}
    assert missing == set(measures.reasons)
    assert measures.step_count == contact_count
    assert measures.left_stride_time_sd_s is None


walks = st.builds(
    make,
    count=st.integers(3, 140),
    stride_s=st.floats(0.9, 1.4),
    sd_s=st.floats(0.005, 0.03),
    left_stance=st.floats(0.55, 0.7),
    right_stance=st.floats(0.57, 0.7),
    right_phase=st.floats(0.45, 0.54),
    seed=st.integers(0, 1000),
)


@settings(max_examples=40, deadline=None)
@given(walks, st.floats(-1e4, 1e4))
def test_shifting_time_changes_nothing(walk: Walk, shift_s: float) -> None:
    before = numbers(gait_measures(*walk))
    after = numbers(gait_measures(*(times_s + shift_s for times_s in walk)))
    assert after == pytest.approx(before, rel=1e-5, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(walks, st.floats(0.9, 1.2))
def test_scaling_time_scales_times_and_leaves_shares(walk: Walk, scale: float) -> None:
    before, after = (
        numbers(gait_measures(*(factor * times_s for times_s in walk))) for factor in (1.0, scale)
    )
    assume(before["excluded_stride_count"] == after["excluded_stride_count"])
    for key, value in before.items():
        factor = scale if key.endswith("_s") else 1 / scale if key == "cadence_spm" else 1.0
        assert after[key] == pytest.approx(value * factor, rel=1e-6, abs=1e-9), key


@settings(max_examples=40, deadline=None)
@given(walks)
def test_swapping_the_feet_swaps_the_figures(walk: Walk) -> None:
    left_on, right_on, left_off, right_off = walk
    before = gait_measures(left_on, right_on, left_off, right_off)
    after = gait_measures(right_on, left_on, right_off, left_off)
    assert after.swing_time_ratio is not None
    assert before.swing_time_ratio is not None
    assert after.swing_time_ratio == pytest.approx(1 / before.swing_time_ratio)
    assert before.step_time_asymmetry_percent is not None
    assert after.step_time_asymmetry_percent == pytest.approx(-before.step_time_asymmetry_percent)
    assert after.left_stride_time_sd_s == before.right_stride_time_sd_s
    assert after.right_swing_percent == before.left_swing_percent
    assert after.cadence_spm == pytest.approx(before.cadence_spm)
    assert after.excluded_stride_count == before.excluded_stride_count


@given(st.lists(st.floats(0.4, 3.0), max_size=60))
def test_the_exclusion_rule_is_three_standard_deviations_from_the_median(
    strides: list[float],
) -> None:
    values = np.array(strides)
    kept = near_median(values)
    assert kept.shape == values.shape
    if values.size < 2:
        assert kept.all()
    else:
        limit = 3 * values.std(ddof=1) + 1e-9
        for value, stays in zip(values.tolist(), kept.tolist(), strict=True):
            assert stays == (abs(value - np.median(values)) <= limit)


def test_it_does_without_scipy_so_that_the_command_starts_fast() -> None:
    code = "import sys, andante_host.metrics.gait; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
