"""Directions on a circle against published and hand-computed figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante_host.metrics.circular import beat_angles_rad, circular_summary


def test_rayleigh_of_the_published_angles() -> None:
    summary = circular_summary(np.array([0.785, 1.570, 3.141, 0.839, 5.934]))
    assert summary.rayleigh_z == pytest.approx(1.236190, abs=5e-7)
    assert summary.rayleigh_p == pytest.approx(0.3048436, abs=5e-8)
    assert not summary.directed


def test_a_quarter_of_a_beat_early_is_minus_90_degrees() -> None:
    angles_rad = beat_angles_rad(np.full(6, -125.0), np.full(6, 500.0))
    summary = circular_summary(angles_rad)
    assert summary.mean_direction_deg == pytest.approx(-90.0)
    assert summary.vector_length == pytest.approx(1.0)
    assert summary.directed


def test_opposite_directions_cancel() -> None:
    summary = circular_summary(np.array([0.0, np.pi, 0.5 * np.pi, -0.5 * np.pi]))
    assert summary.vector_length == pytest.approx(0.0, abs=1e-12)
    assert summary.rayleigh_p == pytest.approx(1.0)


def test_no_angle_has_no_direction() -> None:
    with pytest.raises(ValueError, match="at least one"):
        circular_summary(np.zeros(0))


def test_of_uniform_directions_one_in_twenty_looks_directed() -> None:
    """The test's own promise: p < 0.05 in 5 % of samples without a direction."""
    rng = np.random.default_rng(11)
    directed = sum(circular_summary(rng.uniform(-np.pi, np.pi, 40)).directed for _ in range(4_000))
    # Four binomial standard errors: 4 * sqrt(.05 * .95 / 4000) = 0.0138.
    assert directed / 4_000 == pytest.approx(0.05, abs=0.0138)


@given(
    angles_rad=st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=50),
    turn_rad=st.floats(-3.0, 3.0),
)
def test_turning_everybody_turns_only_the_direction(
    angles_rad: list[float], turn_rad: float
) -> None:
    before = circular_summary(np.array(angles_rad))
    after = circular_summary(np.array(angles_rad) + turn_rad)
    assert after.vector_length == pytest.approx(before.vector_length, abs=1e-9)
    assert 0.0 <= after.vector_length <= 1.0
    assert 0.0 <= after.rayleigh_p <= 1.0 + 1e-12
