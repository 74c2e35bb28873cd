"""Properties of the judgement, on latencies made up for it."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from andante.calibration.estimate import (
    MAX_SD_MS,
    PLAUSIBLE_MS,
    LatencyEstimate,
    Observation,
    estimate_latency,
)
from andante.calibration.procedure import cue_times_ns
from andante.timebase import NS_PER_MS, NS_PER_S

SEEDS = st.integers(0, 2**32 - 1)
START_NS = 5 * NS_PER_S


def estimate(
    latencies_ms: np.ndarray, heard: np.ndarray | None = None, tail_ms: float = 0.0
) -> LatencyEstimate:
    """Of cues given on time, of which those in `heard` are felt after `latencies_ms`."""
    planned_ns = np.array(cue_times_ns(START_NS, latencies_ms.size))
    onset_ns = planned_ns + np.rint(latencies_ms * NS_PER_MS).astype(np.int64)
    if heard is not None:
        onset_ns = onset_ns[heard]
    if tail_ms:
        onset_ns = np.concatenate([onset_ns, onset_ns + round(tail_ms * NS_PER_MS)])
    return estimate_latency(Observation(planned_ns, planned_ns, np.sort(onset_ns)))


@given(
    seed=SEEDS,
    true_ms=st.floats(-15.0, 95.0),
    sd_ms=st.floats(0.0, 0.5),
    tail_ms=st.sampled_from([0.0, 60.0, 120.0]),
)
@settings(max_examples=60, deadline=None)
def test_a_steady_latency_is_found_and_kept(
    seed: int, true_ms: float, sd_ms: float, tail_ms: float
) -> None:
    rng = np.random.default_rng(seed)
    found = estimate(true_ms + sd_ms * rng.standard_normal(50), tail_ms=tail_ms)
    assert found.refusals == ()
    assert found.latency_ms is not None
    assert found.standard_error_ms is not None
    assert abs(found.latency_ms - true_ms) <= 6 * found.standard_error_ms + 1e-3
    assert found.stray_count == found.missed_count == 0


@given(seed=SEEDS, share=st.floats(0.0, 0.85))
@settings(max_examples=50, deadline=None)
def test_too_few_felt_is_always_refused(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    heard = np.zeros(50, dtype=bool)
    heard[rng.permutation(50)[: round(share * 50)]] = True
    found = estimate(5 + 0.1 * rng.standard_normal(50), heard)
    assert found.heard_count == heard.sum()
    assert "reached the sensor" in found.refusals[0]


@given(seed=SEEDS, sd_ms=st.floats(1.5 * MAX_SD_MS, 8.0))
@settings(max_examples=50, deadline=None)
def test_a_wide_scatter_is_never_kept(seed: int, sd_ms: float) -> None:
    rng = np.random.default_rng(seed)
    assert estimate(20 + sd_ms * rng.standard_normal(50)).refusals


@given(seed=SEEDS, step_ms=st.floats(2.0, 40.0), share=st.floats(0.15, 0.85))
@settings(max_examples=50, deadline=None)
def test_two_clusters_are_named_with_both_their_centres(
    seed: int, step_ms: float, share: float
) -> None:
    rng = np.random.default_rng(seed)
    upper = rng.permutation(50) < round(share * 50)
    found = estimate(10 + step_ms * upper + 0.1 * rng.standard_normal(50))
    (refusal,) = found.refusals
    assert "one of two" in refusal
    named = [float(word) for word in refusal.replace(" ms;", "").split() if word[0].isdigit()]
    assert np.allclose(named, [10, 10 + step_ms], atol=0.2)


@given(seed=SEEDS, drift_ms=st.floats(1.0, 30.0), sign=st.sampled_from([-1, 1]))
@settings(max_examples=50, deadline=None)
def test_a_drift_is_never_kept(seed: int, drift_ms: float, sign: int) -> None:
    rng = np.random.default_rng(seed)
    moving = np.linspace(0, sign * drift_ms, 50)
    found = estimate(40 + moving + 0.05 * rng.standard_normal(50))
    assert "drifted" in found.refusals[0]
    assert found.drift_ms is not None
    assert abs(found.drift_ms - sign * drift_ms) < 0.2


@given(seed=SEEDS, latency_ms=st.floats(-49.0, 249.0))
@settings(max_examples=50, deadline=None)
def test_what_is_not_plausible_is_never_kept(seed: int, latency_ms: float) -> None:
    assume(not PLAUSIBLE_MS[0] - 0.5 < latency_ms < PLAUSIBLE_MS[1] + 0.5)
    rng = np.random.default_rng(seed)
    (refusal,) = estimate(latency_ms + 0.05 * rng.standard_normal(50)).refusals
    assert "not plausible" in refusal


@given(seed=SEEDS, count=st.integers(0, 400))
@settings(max_examples=50, deadline=None)
def test_noise_without_any_cue_behind_it_is_never_taken_for_a_latency(
    seed: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    planned_ns = np.array(cue_times_ns(START_NS, 50))
    onset_ns = np.sort(rng.integers(START_NS, planned_ns[-1] + NS_PER_S, count))
    found = estimate_latency(Observation(planned_ns, planned_ns, onset_ns))
    assert found.refusals


def test_a_few_outliers_move_neither_latency_nor_spread() -> None:
    rng = np.random.default_rng(1)
    latencies_ms = 5 + 0.1 * rng.standard_normal(50)
    latencies_ms[[7, 31]] = -20.0
    found = estimate(latencies_ms)
    assert found.refusals == ()
    assert found.outlier_count == 2
    assert found.latency_ms is not None
    assert found.latency_sd_ms is not None
    assert abs(found.latency_ms - 5) < 0.05
    assert found.latency_sd_ms < 0.15


def test_nothing_given_and_nothing_felt_is_a_refusal_and_no_error() -> None:
    none = np.array([], dtype=np.int64)
    found = estimate_latency(Observation(np.array(cue_times_ns(START_NS, 50)), none, none))
    assert found.latency_ms is None
    assert "Only 0 of 50" in found.refusals[0]
