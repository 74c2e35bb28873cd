"""Taps in a pad's force whose moments are known."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante_host.detect.taps import detect_taps

Floats = npt.NDArray[np.float64]

RATE_HZ = 1000.0


def pad(
    taps_s: Floats, strength: float | Floats = 1.0, duration_s: float = 30.0
) -> tuple[Floats, Floats]:
    """Force that rises in 5 ms and dies away in 30."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    force = np.zeros(time_s.size)
    for tap_s, strong in zip(taps_s, np.broadcast_to(strength, taps_s.shape), strict=True):
        since_s = np.maximum(time_s - tap_s, 0.0)
        force += strong * np.minimum(since_s / 0.005, 1.0) * np.exp(-since_s / 0.03)
    return time_s, force


TAPS_S = np.arange(1.0, 29.0, 0.5) + 0.02 * np.sin(np.arange(56))


@settings(max_examples=8, deadline=None)
@given(gain=st.floats(1e-2, 1e3), offset=st.floats(-1e3, 1e3))
def test_every_tap_is_found_at_any_scale(gain: float, offset: float) -> None:
    time_s, force = pad(TAPS_S)
    assert detect_taps(time_s, offset + gain * force) == pytest.approx(TAPS_S, abs=0.003)


def test_soft_and_hard_taps_are_found() -> None:
    strength = np.where(np.arange(TAPS_S.size) % 3 == 0, 0.35, 1.0)
    time_s, force = pad(TAPS_S, strength)
    assert detect_taps(time_s, force) == pytest.approx(TAPS_S, abs=0.003)


def test_a_fading_drifting_and_saturating_pad_is_followed() -> None:
    time_s, force = pad(TAPS_S, np.linspace(1.0, 0.4, TAPS_S.size))
    drifting = np.minimum(force, 0.8) + 0.5 * np.sin(2 * np.pi * time_s / 60)
    noisy = drifting + np.random.default_rng(2).normal(0, 0.01, time_s.size)
    assert detect_taps(time_s, noisy) == pytest.approx(TAPS_S, abs=0.004)


def test_a_bounce_is_left_out() -> None:
    time_s, force = pad(np.sort(np.concatenate((TAPS_S, TAPS_S[5:15] + 0.055))))
    assert detect_taps(time_s, force) == pytest.approx(TAPS_S, abs=0.003)


def test_nothing_is_found_in_a_gap() -> None:
    time_s, force = pad(TAPS_S)
    force[(time_s >= 9.8) & (time_s < 15.2)] = np.nan
    force[3:30_000:997] = np.nan  # single lost samples are bridged
    outside = TAPS_S[(TAPS_S < 9.7) | (TAPS_S > 15.3)]
    assert detect_taps(time_s, force) == pytest.approx(outside, abs=0.003)


@pytest.mark.parametrize("kind", ["flat", "noise", "gap", "drift"])
def test_a_pad_that_nobody_touches_has_no_taps(kind: str) -> None:
    time_s = np.arange(20_000) / RATE_HZ
    force = {
        "flat": np.full(time_s.size, 12.0),
        "noise": np.random.default_rng(3).normal(0, 1, time_s.size),
        "gap": np.full(time_s.size, np.nan),
        "drift": 0.01 * time_s,
    }[kind]
    assert detect_taps(time_s, force).size == 0
