"""People at their pads whose togetherness is known."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.timebase import NS_PER_MS
from andante_host.metrics.group import group_measures


def taps(
    count: int = 100, interval_ms: float = 500.0, late_ms: float = 0.0
) -> npt.NDArray[np.int64]:
    times_ms = 3_000.0 + late_ms + np.arange(count) * interval_ms
    times_ns: npt.NDArray[np.int64] = np.rint(times_ms * NS_PER_MS).astype(np.int64)
    return times_ns


def test_all_together_is_one_and_in_turn_is_nothing() -> None:
    together = group_measures({"tap1": taps(), "tap2": taps()})
    assert together is not None
    assert together["order_mean"] == pytest.approx(1.0)
    assert together["order_sd"] == pytest.approx(0.0, abs=1e-9)
    turns = group_measures({"tap1": taps(), "tap2": taps(late_ms=250.0)})
    assert turns is not None
    assert turns["order_mean"] == pytest.approx(0.0, abs=1e-9)


def test_a_constant_lag_gives_the_order_and_the_relative_phases_of_the_formula() -> None:
    """Two an eighth of a beat apart: R = cos(pi / 8), one 45 degrees ahead of the other."""
    block = group_measures({"tap1": taps(), "tap3": taps(late_ms=62.5)})
    assert block is not None
    assert block["order_mean"] == pytest.approx(np.cos(np.pi / 8))
    assert block["persons"]["tap1"]["relative_phase_deg"] == pytest.approx(45.0)
    assert block["persons"]["tap3"]["relative_phase_deg"] == pytest.approx(-45.0)
    assert block["persons"]["tap1"]["relative_phase_vector_length"] == pytest.approx(1.0)
    assert block["persons"]["tap1"]["interval_mean_ms"] == pytest.approx(500.0)


def test_two_who_drift_apart_have_the_mean_order_of_all_phases() -> None:
    """Through whole turns the mean of |cos(x / 2)| is 2 / pi, its SD sqrt(1/2 - 4/pi^2)."""
    block = group_measures({"tap1": taps(201, 500.0), "tap2": taps(206, 500.0 * 200 / 205)})
    assert block is not None
    assert block["order_mean"] == pytest.approx(2 / np.pi, abs=0.005)
    assert block["order_sd"] == pytest.approx(np.sqrt(0.5 - 4 / np.pi**2), abs=0.005)
    assert block["persons"]["tap1"]["relative_phase_vector_length"] < 0.05


def test_a_bounce_is_no_tap_and_a_pause_no_phase() -> None:
    first, second = taps(), taps()
    bounced = np.sort(np.concatenate((second, second[10:20] + 50 * NS_PER_MS)))
    paused = np.delete(bounced, slice(40, 60))
    block = group_measures({"tap1": first, "tap2": paused})
    assert block is not None
    assert block["order_mean"] == pytest.approx(1.0)
    assert block["together_s"] == pytest.approx(99 * 0.5 - 21 * 0.5, abs=0.1)


def test_one_alone_is_no_group_and_two_apart_never_played_together() -> None:
    assert group_measures({"tap1": taps(), "tap2": taps(5)}) is None
    assert group_measures({}) is None
    apart = group_measures({"tap1": taps(20), "tap2": taps(20, late_ms=60_000.0)})
    assert apart is not None
    assert apart["order_mean"] is None
    assert set(apart["reasons"]) == {"order_mean", "order_sd"}
    assert apart["persons"]["tap1"]["relative_phase_deg"] is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-200, 200), min_size=2, max_size=4))
def test_the_order_of_steady_people_is_that_of_their_angles(late_ms: list[float]) -> None:
    people = {f"tap{n}": taps(late_ms=late) for n, late in enumerate(late_ms, start=1)}
    block = group_measures(people)
    assert block is not None
    expected = abs(np.exp(2j * np.pi * np.array(late_ms) / 500).mean())
    assert block["order_mean"] == pytest.approx(expected, abs=1e-4)
