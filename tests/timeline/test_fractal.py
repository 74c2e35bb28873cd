"""The 1/f sequence: its spectral exponent, its spread and its bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.timeline.fractal import fractal_deviations

LARGEST_STEP = 2.5  # 5 % of a tempo at an SD of 2 %


def spectral_exponent(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Slope of log power over log frequency, sign turned, of the lower half of the spectrum."""
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    frequencies = np.fft.rfftfreq(values.size)
    low = (frequencies > 0) & (frequencies < 0.25)
    return -float(np.polyfit(np.log(frequencies[low]), np.log(power[low]), 1)[0])


@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_intervals_have_exponent_one_and_the_spread_asked_for(seed: int) -> None:
    values = fractal_deviations(1_000, seed, LARGEST_STEP)
    assert spectral_exponent(values) == pytest.approx(1.0, abs=0.15)
    assert values.std() == pytest.approx(1.0, abs=0.05)
    assert abs(values.mean()) < 0.05


@given(
    count=st.integers(2, 3_000),
    seed=st.integers(0, 2**31 - 1),
    largest_step=st.floats(0.5, 10),
)
def test_no_step_is_larger_than_asked(count: int, seed: int, largest_step: float) -> None:
    values = fractal_deviations(count, seed, largest_step)
    assert values.size == count
    assert np.abs(values).max() <= largest_step + 1e-12
    assert np.abs(np.diff(values)).max() <= largest_step + 1e-12
    assert (values == fractal_deviations(count, seed, largest_step)).all()


def test_too_few_values_or_no_step_is_an_error() -> None:
    with pytest.raises(ValueError, match="two values"):
        fractal_deviations(1, 0, 1.0)
    with pytest.raises(ValueError, match="above zero"):
        fractal_deviations(5, 0, 0.0)
