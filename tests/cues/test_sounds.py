"""The click: its level, its ends and its onset."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.cues.sounds import click, rising_level

RATES_HZ = (22_050.0, 44_100.0, 48_000.0, 96_000.0)


@given(st.sampled_from(RATES_HZ), st.floats(0.01, 1.0))
def test_click_keeps_its_level_and_ends_at_zero(rate_hz: float, peak_level: float) -> None:
    samples = click(rate_hz, peak_level)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(peak_level, rel=1e-5)
    assert samples[0] == 0.0
    assert abs(samples[-1]) < 1e-6
    # No edge at the end: the last millisecond is far below the peak.
    assert np.abs(samples[-int(rate_hz / 1000) :]).max() < 1e-3 * peak_level


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_onset_is_steep_within_300_us(rate_hz: float) -> None:
    samples = click(rate_hz)
    steepest_us = np.argmax(np.abs(np.diff(samples))) / rate_hz * 1e6
    assert steepest_us < 300.0
    half_us = np.argmax(np.abs(samples) > 0.5) / rate_hz * 1e6
    assert half_us < 300.0


@pytest.mark.parametrize("peak_level", [-0.1, 1.01])
def test_peak_level_outside_full_scale_is_refused(peak_level: float) -> None:
    with pytest.raises(ValueError, match="peak level"):
        click(48_000.0, peak_level)


def test_a_rate_that_cannot_hold_the_click_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10000 Hz"):
        click(8_000.0)


def test_level_starts_at_a_third_and_is_full_at_the_tenth_cue() -> None:
    levels = [rising_level(count) for count in range(12)]
    assert levels[0] == pytest.approx(1 / 3)
    assert levels[8] < 1.0
    assert levels[9] == pytest.approx(1.0)
    assert levels[11] == 1.0
    assert np.all(np.diff(levels) >= 0)
