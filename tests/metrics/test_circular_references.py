"""Directions against astropy and scipy, which compute them independently."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from andante_host.metrics.circular import circular_summary

astropy = pytest.importorskip("astropy.stats", reason="astropy is not installed")

ANGLES_RAD = st.lists(st.floats(-np.pi, np.pi), min_size=2, max_size=200)


@settings(max_examples=60, deadline=None)
@given(ANGLES_RAD)
def test_the_mean_vector_is_that_of_astropy_and_scipy(angles_rad: list[float]) -> None:
    angles = np.array(angles_rad)
    summary = circular_summary(angles)
    length = float(astropy.circmoment(angles)[1])
    assert summary.vector_length == pytest.approx(length, abs=1e-9)
    assert 1.0 - summary.vector_length == pytest.approx(stats.circvar(angles), abs=1e-9)
    if length > 1e-3:  # where there is no direction, rounding decides it
        direction_rad = np.deg2rad(summary.mean_direction_deg)
        for other in (astropy.circmean(angles), stats.circmean(angles)):
            turn = np.angle(np.exp(1j * (direction_rad - float(other))))
            assert turn == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-np.pi, np.pi), min_size=51, max_size=200))
def test_rayleighs_p_is_near_that_of_astropy(angles_rad: list[float]) -> None:
    """Another approximation of the same test: they agree to its next term, of order 1 / n."""
    summary = circular_summary(np.array(angles_rad))
    other = float(astropy.rayleightest(np.array(angles_rad)))
    assert summary.rayleigh_p == pytest.approx(other, abs=2.0 / len(angles_rad))
