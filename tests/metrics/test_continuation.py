"""Clock and motor noise of taps without a beat, against simulated people who know them."""

import numpy as np
import numpy.typing as npt
import pytest

from andante.timebase import NS_PER_MS
from andante_host.metrics.continuation import MIN_INTERVALS, own_tapping

INTERVAL_MS = 500.0


def taps_ns(
    rng: np.random.Generator, count: int, clock_sd_ms: float, motor_sd_ms: float, drift: float = 0.0
) -> npt.NDArray[np.int64]:
    """Taps of the two-level model; intervals grow by `drift` of the first each."""
    clock_ms = INTERVAL_MS * (1 + drift * np.arange(count - 1)) + rng.normal(
        0, clock_sd_ms, count - 1
    )
    motor_ms = rng.normal(0, motor_sd_ms, count)
    times_ms = 1_000.0 + np.concatenate(([0.0], np.cumsum(clock_ms))) + motor_ms
    return np.rint(times_ms * NS_PER_MS).astype(np.int64)


def test_the_two_levels_are_recovered_on_average() -> None:
    rng = np.random.default_rng(3)
    found = [own_tapping(taps_ns(rng, 400, 15.0, 8.0)) for _ in range(100)]
    assert np.mean([f["clock_sd_ms"] for f in found]) == pytest.approx(15.0, abs=0.3)
    assert np.mean([f["motor_sd_ms"] for f in found]) == pytest.approx(8.0, abs=0.4)
    # gamma1 / gamma0 = -64 / (225 + 2 * 64)
    correlation = np.mean([f["lag1_interval_autocorrelation"] for f in found])
    assert correlation == pytest.approx(-64 / 353, abs=0.02)


def test_a_drift_is_measured_and_does_not_count_as_noise() -> None:
    rng = np.random.default_rng(4)
    block = own_tapping(taps_ns(rng, 300, 10.0, 6.0, drift=0.001))
    assert block["drift_percent_per_interval"] == pytest.approx(0.1 / 1.15, rel=0.1)
    assert block["clock_sd_ms"] == pytest.approx(10.0, abs=2.0)
    assert block["interval_cv_percent"] > 100 * 40 / 575  # the drift is in the plain CV


def test_where_the_model_does_not_fit_it_says_so() -> None:
    slow_wave_ms = 500 + 30 * np.sin(np.arange(80) / 8)
    block = own_tapping(np.rint(np.cumsum(slow_wave_ms) * NS_PER_MS).astype(np.int64))
    assert block["clock_sd_ms"] is None
    assert "does not fit" in block["reasons"]["clock_sd_ms"]
    assert block["lag1_interval_autocorrelation"] > 0.5


def test_missed_taps_and_bounces_are_left_out() -> None:
    rng = np.random.default_rng(5)
    taps = taps_ns(rng, 100, 10.0, 4.0)
    bounced = np.sort(np.concatenate((np.delete(taps, [20, 50]), taps[[5, 70]] + 50 * NS_PER_MS)))
    block = own_tapping(bounced)
    assert block["tap_count"] == 98
    assert block["interval_excluded_count"] == 2
    assert block["interval_mean_ms"] == pytest.approx(500.0, abs=5.0)


@pytest.mark.parametrize("count", [0, 1, 2, 3, MIN_INTERVALS])
def test_too_few_taps_leave_their_reasons(count: int) -> None:
    block = own_tapping(np.arange(count) * 500 * NS_PER_MS)
    nulls = {key for key, value in block.items() if value is None}
    assert nulls == set(block["reasons"])
    assert "clock_sd_ms" in nulls


def test_taps_all_alike_have_no_noise_to_divide() -> None:
    block = own_tapping(np.arange(60) * 500 * NS_PER_MS)
    assert block["interval_cv_percent"] == pytest.approx(0.0, abs=1e-9)
    assert block["reasons"]["clock_sd_ms"] == "The intervals do not vary."
