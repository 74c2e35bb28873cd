"""The synchrony block on events whose figures are known."""

import numpy as np
import numpy.typing as npt
import pytest

from andante.timebase import NS_PER_MS, NS_PER_S
from andante_host.metrics.synchrony import (
    CueSeries,
    Meeting,
    ResponseSeries,
    meet,
    pairs_in_session,
    synchrony_measures,
)
from support.sessions import linear_tapper

BEAT_MS = 500.0


def _meet(
    cue_ms: npt.ArrayLike, response_ms: npt.ArrayLike, unscored: tuple[int, ...] = ()
) -> Meeting:
    cue_ns = np.rint(np.asarray(cue_ms, dtype=np.float64) * NS_PER_MS).astype(np.int64)
    response_ns = np.rint(np.asarray(response_ms, dtype=np.float64) * NS_PER_MS).astype(np.int64)
    scored = np.ones(cue_ns.size, dtype=np.bool_)
    scored[list(unscored)] = False
    return meet(
        CueSeries(np.arange(cue_ns.size), cue_ns, scored),
        ResponseSeries(np.arange(response_ns.size), response_ns, np.full(response_ns.size, "tap1")),
    )


def _beats(count: int) -> npt.NDArray[np.float64]:
    beats_ms: npt.NDArray[np.float64] = 10_000.0 + np.arange(count, dtype=np.float64) * BEAT_MS
    return beats_ms


@pytest.mark.parametrize(
    ("alpha", "gamma0", "gamma1"),
    [(0.3, 225.49, 132.84), (0.5, 166.67, 58.33), (0.8, 145.83, 4.17)],
)
def test_variance_and_lag1_of_the_linear_model(alpha: float, gamma0: float, gamma1: float) -> None:
    """The model's theory (timekeeper 10 ms, motor 5 ms) through the whole chain of measures."""
    count = 60_000
    asynchrony_ms = linear_tapper(np.random.default_rng(1), count, alpha, 10.0, 5.0)
    cue_ms = _beats(count)
    block = synchrony_measures(_meet(cue_ms, cue_ms + asynchrony_ms - 20.0), True)
    assert block["matched_count"] == count
    assert block["mean_asynchrony_ms"] == pytest.approx(asynchrony_ms.mean() - 20.0, abs=1e-5)
    assert block["sd_asynchrony_ms"] ** 2 == pytest.approx(gamma0, rel=0.03)
    assert block["lag1_autocorrelation"] == pytest.approx(gamma1 / gamma0, abs=0.02)
    # Own intervals differ from the beat by the change of the asynchrony: 2·(gamma0 − gamma1).
    expected_cv = 100.0 * np.sqrt(2 * (gamma0 - gamma1)) / BEAT_MS
    assert block["interval_cv_percent"] == pytest.approx(expected_cv, rel=0.03)
    assert block["reasons"] == block["notes"] == {}


def test_phase_correction_is_that_of_the_model() -> None:
    cue_ms = _beats(5_000)
    asynchrony_ms = linear_tapper(np.random.default_rng(3), cue_ms.size, 0.5, 17.6, 4.4)
    block = synchrony_measures(_meet(cue_ms, cue_ms + asynchrony_ms - 37.0), True)
    assert block["phase_correction_alpha"] == pytest.approx(0.5, abs=0.05)
    assert block["timekeeper_sd_ms"] == pytest.approx(17.6, abs=0.5)


def test_figures_of_a_handful_by_hand() -> None:
    cue_ms = _beats(4)
    block = synchrony_measures(_meet(cue_ms, cue_ms + np.array([-20.0, -10.0, 15.0, -25.0])), False)
    assert block["matching"] == "mutual-nearest/1"
    assert (block["cue_count"], block["response_count"], block["matched_count"]) == (4, 4, 4)
    assert block["mean_asynchrony_ms"] == pytest.approx(-10.0)
    assert block["sd_asynchrony_ms"] == pytest.approx(np.sqrt((100 + 0 + 625 + 225) / 3))
    assert block["mean_abs_asynchrony_ms"] == pytest.approx(17.5)
    assert block["within_15ms_percent"] == pytest.approx(50.0)
    assert block["interval_mean_ms"] == pytest.approx((510 + 525 + 460) / 3)
    assert block["latency_calibrated"] is False
    assert "unknown constant" in block["notes"]["mean_asynchrony_ms"]
    assert block["phase_correction_alpha"] is None
    assert "phase_correction_alpha" in block["reasons"]


def test_missed_extra_and_double_are_told_apart() -> None:
    cue_ms = _beats(20)
    response_ms = np.sort(
        np.concatenate((np.delete(cue_ms, [5, 6]), [cue_ms[10] + 240.0, cue_ms[12] + 50.0]))
    )
    meeting = _meet(cue_ms, response_ms)
    block = synchrony_measures(meeting, True)
    assert meeting.missed_cue.tolist() == [5, 6]
    assert block["matched_count"] == 18
    assert block["missed_percent"] == pytest.approx(10.0)
    assert block["response_count"] == 19
    assert block["extra_percent"] == pytest.approx(100.0 / 19)
    assert block["double_trigger_count"] == 1


def test_responses_outside_the_cued_span_are_not_extra() -> None:
    cue_ms = _beats(20)
    before_ms = cue_ms[0] - np.arange(1, 12) * 560.0
    after_ms = cue_ms[-1] + np.arange(1, 12) * 560.0
    response_ms = np.sort(np.concatenate((before_ms, cue_ms - 10.0, after_ms)))
    block = synchrony_measures(_meet(cue_ms, response_ms), True)
    assert block["response_count"] == block["matched_count"] == 20
    assert block["extra_percent"] == 0.0


def test_silent_cues_are_neither_missed_nor_answered() -> None:
    cue_ms = _beats(30)
    silent = tuple(range(10, 20))
    # Steps at twice the beat through the silence, and one silent cue without any.
    response_ms = np.sort(np.concatenate((np.delete(cue_ms, 15), cue_ms[10:15] + 250.0)))
    block = synchrony_measures(_meet(cue_ms, response_ms, silent), True)
    assert block["cue_count"] == block["matched_count"] == block["response_count"] == 20
    assert block["missed_percent"] == block["extra_percent"] == 0.0


def test_steps_in_a_pause_between_two_blocks_are_not_extra() -> None:
    cue_ms = np.concatenate((_beats(20), _beats(20) + 60_000.0))
    pause_ms = np.arange(cue_ms[19] + 600.0, cue_ms[20] - 400.0, 600.0)
    response_ms = np.sort(np.concatenate((cue_ms, pause_ms)))
    block = synchrony_measures(_meet(cue_ms, response_ms), True)
    assert block["matched_count"] == block["response_count"] == 40


def test_a_missed_step_is_no_long_step() -> None:
    cue_ms = _beats(40)
    block = synchrony_measures(_meet(cue_ms, np.delete(cue_ms, [7, 20])), True)
    assert block["interval_excluded_count"] == 2
    assert block["interval_mean_ms"] == pytest.approx(BEAT_MS)
    assert block["interval_cv_percent"] == pytest.approx(0.0, abs=1e-6)


def test_tapping_past_the_beat_has_no_mean_asynchrony() -> None:
    """Own tempo of 583 ms against a beat of 500 ms: figures that mean nothing are null."""
    cue_ms = _beats(200)
    response_ms = np.arange(cue_ms[0], cue_ms[-1], 583.0)
    block = synchrony_measures(_meet(cue_ms, response_ms), True)
    assert block["rayleigh_p"] >= 0.05
    assert block["mean_asynchrony_ms"] is None
    assert "Rayleigh" in block["reasons"]["mean_asynchrony_ms"]
    assert block["phase_correction_alpha"] is None
    assert block["sd_asynchrony_ms"] > 50.0
    assert block["interval_mean_ms"] == pytest.approx(583.0)


def test_every_null_has_its_reason() -> None:
    cue_ms = _beats(5)
    for response_ms in ([], [cue_ms[2]], [cue_ms[2], cue_ms[3]]):
        block = synchrony_measures(_meet(cue_ms, response_ms), True)
        nulls = {key for key, value in block.items() if value is None}
        assert nulls
        assert nulls == set(block["reasons"])


def test_all_cues_unscored_is_not_a_division_by_zero() -> None:
    block = synchrony_measures(_meet(_beats(5), _beats(5), unscored=tuple(range(5))), True)
    assert block["cue_count"] == block["response_count"] == 0
    assert block["missed_percent"] is None
    assert block["extra_percent"] is None


def test_pairs_count_from_the_start_of_the_session() -> None:
    cue_ms = _beats(3)
    pairs = pairs_in_session(_meet(cue_ms, cue_ms[1:] + 12.0), started_ns=10 * NS_PER_S)
    assert [pair["cue_index"] for pair in pairs] == [1, 2]
    assert [pair["response_index"] for pair in pairs] == [0, 1]
    assert pairs[0]["cue_time_s"] == pytest.approx(0.5)
    assert pairs[0]["response_time_s"] == pytest.approx(0.512)
    assert pairs[0]["asynchrony_ms"] == pytest.approx(12.0)
