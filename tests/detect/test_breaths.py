import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante_host.detect.breaths import Breaths, detect_breaths

Floats = npt.NDArray[np.float64]


def belt(
    inhale_s: float, exhale_s: float, duration_s: float, rate_hz: float = 50.0
) -> tuple[Floats, Floats]:
    """Half-cosines up and down; the first inhalation begins at 0."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    into_s = time_s % (inhale_s + exhale_s)
    up = -np.cos(np.pi * into_s / inhale_s)
    down = np.cos(np.pi * (into_s - inhale_s) / exhale_s)
    return time_s, np.where(into_s < inhale_s, up, down)


def test_the_oracle_of_ten_second_breaths() -> None:
    breaths = detect_breaths(*belt(4.0, 6.0, 60.0))
    # Smoothing moves the corner between the two half-cosines by up to one sample.
    assert breaths.inhales_s * 50 == pytest.approx(np.arange(500, 3000, 500), abs=1.001)
    assert breaths.exhales_s * 50 == pytest.approx(np.arange(200, 3000, 500), abs=1.001)
    inhale_s = breaths.exhales_s[1:] - breaths.inhales_s
    assert inhale_s == pytest.approx(4.0, abs=0.041)


@settings(max_examples=25, deadline=None)
@given(
    inhale_s=st.floats(1.0, 6.0),
    ratio=st.floats(0.7, 2.0),
    gain=st.floats(1e-2, 1e3),
    offset=st.floats(-1e3, 1e3),
)
def test_every_breath_is_found(inhale_s: float, ratio: float, gain: float, offset: float) -> None:
    exhale_s = inhale_s * ratio
    time_s, values = belt(inhale_s, exhale_s, 12.4 * (inhale_s + exhale_s))
    breaths = detect_breaths(time_s, offset + gain * values)
    cycle_s = inhale_s + exhale_s
    inner = breaths.inhales_s[(breaths.inhales_s > cycle_s / 2)]
    assert inner == pytest.approx(np.arange(1, 13) * cycle_s, abs=0.06)
    assert breaths.exhales_s == pytest.approx(
        inhale_s + np.arange(12 + 1)[: breaths.exhales_s.size] * cycle_s, abs=0.06
    )
    assert breaths.exhales_s.size >= 12


def test_drift_noise_and_heartbeat_add_no_breaths() -> None:
    time_s, values = belt(1.6, 2.4, 120.0, 100.0)
    values = values + 0.02 * time_s + 0.05 * np.sin(2 * np.pi * 1.2 * time_s)
    values += np.random.default_rng(5).normal(0, 0.03, values.size)
    breaths = detect_breaths(time_s, values)
    assert breaths.inhales_s == pytest.approx(np.arange(1, 30) * 4.0, abs=0.3)


def test_a_long_gap_is_left_empty_and_a_short_one_bridged() -> None:
    time_s, values = belt(1.6, 2.4, 80.0)
    values[(time_s >= 30) & (time_s < 42)] = np.nan
    values[100:110] = np.nan
    breaths = detect_breaths(time_s, values)
    assert not np.any((breaths.inhales_s > 29.5) & (breaths.inhales_s < 42))
    expected_s = [t for t in np.arange(4, 80, 4.0) if not 29.5 < t < 42.5]
    assert breaths.inhales_s == pytest.approx(expected_s, abs=0.06)


@pytest.mark.parametrize("values", [np.zeros(500), np.full(500, np.nan), np.arange(500.0)])
def test_a_belt_that_does_not_breathe_has_no_breaths(values: Floats) -> None:
    breaths: Breaths = detect_breaths(np.arange(500) / 50, values)
    assert breaths.inhales_s.size + breaths.exhales_s.size <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=400))
def test_inhalations_and_exhalations_alternate(values: list[float]) -> None:
    breaths = detect_breaths(np.arange(len(values)) / 10, np.array(values))
    times_s = np.concatenate([breaths.inhales_s, breaths.exhales_s])
    kinds = np.repeat([0, 1], [breaths.inhales_s.size, breaths.exhales_s.size])
    ordered = kinds[np.argsort(times_s, kind="stable")]
    assert np.all(np.diff(ordered) != 0)
