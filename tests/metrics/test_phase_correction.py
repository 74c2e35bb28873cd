"""bGLS against patients that follow the linear model with known parameters."""

import numpy as np
import pytest

from andante_host.metrics.phase_correction import MIN_TRANSITIONS, Run, estimate_phase_correction
from support.sessions import linear_tapper
from support.tapping import linear_tappers

RUNS = 200
TAPS = 100
# Healthy tappers at 500 ms: timekeeper 17.6 ms, motor 4.4 ms.
HEALTHY_MS = (17.6, 4.4)


def _run(asynchrony_ms: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Run:
    return Run(asynchrony_ms, np.zeros(asynchrony_ms.size - 1))


@pytest.mark.parametrize("noise_ms", [HEALTHY_MS, (10.0, 5.0)])
@pytest.mark.parametrize("alpha", [0.3, 0.5, 0.8])
def test_recovers_the_truth_on_average(alpha: float, noise_ms: tuple[float, float]) -> None:
    rng = np.random.default_rng(round(alpha * 100))
    found = []
    for asynchrony_ms in linear_tappers(rng, RUNS, TAPS, alpha, *noise_ms):
        estimate = estimate_phase_correction([_run(asynchrony_ms)])
        assert estimate is not None
        found.append((estimate.alpha, estimate.timekeeper_sd_ms, estimate.motor_sd_ms))
    mean_alpha, mean_timekeeper_ms, mean_motor_ms = np.mean(found, axis=0)
    assert mean_alpha == pytest.approx(alpha, abs=0.05)
    assert mean_timekeeper_ms == pytest.approx(noise_ms[0], abs=1.5)
    assert mean_motor_ms == pytest.approx(noise_ms[1], abs=1.5)


def test_its_standard_error_covers_the_truth() -> None:
    rng = np.random.default_rng(31)
    covered = 0
    for asynchrony_ms in linear_tappers(rng, RUNS, TAPS, 0.5, *HEALTHY_MS):
        estimate = estimate_phase_correction([_run(asynchrony_ms)])
        assert estimate is not None
        covered += abs(estimate.alpha - 0.5) < 1.96 * estimate.alpha_sd
    assert 0.9 <= covered / RUNS <= 1.0


@pytest.mark.parametrize(("alpha", "expected"), [(0.3, 0.344), (0.5, 0.551), (0.8, 0.911)])
def test_strong_motor_noise_biases_plain_bgls_as_documented(alpha: float, expected: float) -> None:
    """Half as much motor as timekeeper noise: the method's known limit."""
    rng = np.random.default_rng(5)
    found = [
        estimate.bgls_alpha
        for asynchrony_ms in linear_tappers(rng, RUNS, TAPS, alpha, 10, 5)
        if (estimate := estimate_phase_correction([_run(asynchrony_ms)]))
    ]
    # Four standard errors of a mean over 200 runs: 4 * 0.17 / sqrt(200).
    assert np.mean(found) == pytest.approx(expected, abs=0.05)


def test_a_long_record_outweighs_what_is_usual() -> None:
    """A motor noise twice and a half the usual, which 100 taps could not tell."""
    rng = np.random.default_rng(12)
    estimate = estimate_phase_correction([_run(linear_tapper(rng, 40_000, 0.5, 25.0, 11.0))])
    assert estimate is not None
    assert estimate.alpha == pytest.approx(0.5, abs=0.02)
    assert estimate.motor_sd_ms == pytest.approx(11.0, abs=0.8)


def test_gaps_do_not_bias() -> None:
    rng = np.random.default_rng(4)
    found = []
    for whole_ms in linear_tappers(rng, RUNS, TAPS, 0.5, *HEALTHY_MS):
        pieces = [_run(whole_ms[:30]), _run(whole_ms[33:60]), _run(whole_ms[61:])]
        estimate = estimate_phase_correction(pieces)
        assert estimate is not None
        assert estimate.transition_count == 29 + 26 + 38
        found.append(estimate.alpha)
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)


def test_unforeseen_cue_shifts_are_not_the_patients_noise() -> None:
    """Cues jittered by 30 ms: the patient corrects what the cue did, and makes no more noise."""
    rng = np.random.default_rng(8)
    count, alpha = 4_000, 0.4
    shift_ms = rng.normal(0.0, 30.0, count - 1)
    timekeeper_ms = rng.normal(0.0, 10.0, count - 1)
    asynchrony_ms = np.zeros(count)
    for n in range(count - 1):
        asynchrony_ms[n + 1] = (1 - alpha) * asynchrony_ms[n] + timekeeper_ms[n] - shift_ms[n]
    estimate = estimate_phase_correction([Run(asynchrony_ms, shift_ms)])
    assert estimate is not None
    assert estimate.alpha == pytest.approx(alpha, abs=0.02)
    assert np.hypot(estimate.timekeeper_sd_ms, estimate.motor_sd_ms) == pytest.approx(10.0, abs=0.5)


def test_the_weighting_is_that_of_the_explicit_covariance() -> None:
    """The sine transform gives what solving with the n by n matrix gives."""
    rng = np.random.default_rng(2)
    asynchrony_ms = linear_tapper(rng, 80, 0.6, 10.0, 5.0)
    estimate = estimate_phase_correction([_run(asynchrony_ms)])
    assert estimate is not None
    start = asynchrony_ms[:-1] - asynchrony_ms[:-1].mean()
    moved = np.diff(asynchrony_ms) - np.diff(asynchrony_ms).mean()
    alpha = -(start @ moved) / (start @ start)
    for _ in range(20):
        rest = moved + alpha * start
        variance = rest @ rest / (rest.size - 1)
        covariance = np.clip(rest[:-1] @ rest[1:] / (rest.size - 1), -variance / 3, 0)
        matrix = variance * np.eye(rest.size) + covariance * (
            np.eye(rest.size, k=1) + np.eye(rest.size, k=-1)
        )
        weighted = np.linalg.solve(matrix, start)
        previous, alpha = alpha, -(weighted @ moved) / (weighted @ start)
        if abs(alpha - previous) < 1e-3:
            break
    assert estimate.bgls_alpha == pytest.approx(alpha, abs=1e-9)


def test_the_average_is_that_of_the_explicit_likelihoods() -> None:
    """Fit by fit with the n by n covariance, and weighted by hand."""
    rng = np.random.default_rng(2)
    asynchrony_ms = linear_tapper(rng, 60, 0.6, 15.0, 5.0)
    estimate = estimate_phase_correction([_run(asynchrony_ms)])
    assert estimate is not None
    start = asynchrony_ms[:-1] - asynchrony_ms[:-1].mean()
    moved = np.diff(asynchrony_ms) - np.diff(asynchrony_ms).mean()
    count = start.size
    alphas, log_weights = [], []
    for ratio in np.arange(1, 41) / 40:
        share = -(ratio**2) / (1 + 2 * ratio**2)
        matrix = np.eye(count) + share * (np.eye(count, k=1) + np.eye(count, k=-1))
        inverse = np.linalg.inv(matrix)
        power = start @ inverse @ start
        alpha = -(start @ inverse @ moved) / power
        rest = moved + alpha * start
        variance = rest @ inverse @ rest / (count - 2)
        motor_ms = np.sqrt(-share * variance)
        log_weights.append(
            -0.5 * np.linalg.slogdet(matrix)[1]
            - 0.5 * np.log(power)
            - 0.5 * (count - 2) * np.log(variance)
            - 0.5 * (np.log(motor_ms / 4.4) / 0.4) ** 2
        )
        alphas.append(alpha)
    weights = np.exp(np.array(log_weights) - max(log_weights))
    assert estimate.alpha == pytest.approx(weights @ np.array(alphas) / weights.sum(), abs=1e-9)


def test_the_motor_noise_never_exceeds_the_timekeepers() -> None:
    rng = np.random.default_rng(6)
    estimate = estimate_phase_correction([_run(linear_tapper(rng, 500, 0.5, 2.0, 10.0))])
    assert estimate is not None
    assert estimate.motor_sd_ms <= estimate.timekeeper_sd_ms * (1 + 1e-9)


def test_too_little_says_nothing() -> None:
    rng = np.random.default_rng(6)
    short_ms = linear_tapper(rng, MIN_TRANSITIONS, 0.5, 10.0, 5.0)
    assert estimate_phase_correction([_run(short_ms)]) is None
    assert estimate_phase_correction([]) is None
    assert estimate_phase_correction([_run(np.full(50, 12.0))]) is None
