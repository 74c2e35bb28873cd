"""Shifted beats and stepped tempos, met by patients who correct by a known share."""

import numpy as np
import numpy.typing as npt
import pytest

from andante.timebase import NS_PER_MS
from andante_host.metrics.perturbation import (
    CURVE_CUES,
    PHASE_SHIFT,
    TEMPO_STEP,
    perturbations_of,
    recoveries,
)

Floats = npt.NDArray[np.float64]


def cues(intervals_ms: Floats) -> npt.NDArray[np.int64]:
    times_ms = 2_000.0 + np.concatenate(([0.0], np.cumsum(intervals_ms)))
    return np.rint(times_ms * NS_PER_MS).astype(np.int64)


def shifted(shift_ms: float, count: int = 60, every: int = 20) -> npt.NDArray[np.int64]:
    intervals_ms = np.full(count, 500.0)
    intervals_ms[every // 2 :: every] += shift_ms
    return cues(intervals_ms)


def follower(cue_ns: npt.NDArray[np.int64], alpha: float) -> Floats:
    """Asynchronies of one who expects 500 ms and takes back `alpha` of each, 20 ms early."""
    intervals_ms = np.diff(cue_ns) / NS_PER_MS
    asynchrony_ms = np.zeros(cue_ns.size)
    for n, interval_ms in enumerate(intervals_ms):
        asynchrony_ms[n + 1] = (1 - alpha) * asynchrony_ms[n] - (interval_ms - 500.0)
    return asynchrony_ms - 20.0


@pytest.mark.parametrize("shift_ms", [50.0, -40.0, 15.0])
def test_shifts_are_found_with_their_size(shift_ms: float) -> None:
    found = perturbations_of(shifted(shift_ms))
    assert [(p.kind, p.cue) for p in found] == [(PHASE_SHIFT, n) for n in (11, 31, 51)]
    assert [p.shift_ms for p in found] == pytest.approx([shift_ms] * 3)


def test_the_recovery_is_that_of_the_correction() -> None:
    cue_ns = shifted(50.0)
    (entry,) = recoveries(cue_ns, follower(cue_ns, 0.4))
    assert entry["kind"] == PHASE_SHIFT
    assert entry["count"] == 3
    assert entry["curve"] == pytest.approx([0.6**k for k in range(CURVE_CUES)], abs=2e-3)
    assert entry["corrected_at_once_percent"] == pytest.approx(40.0, abs=0.2)
    assert entry["recovered_after_cues"] == 4  # 0.6^4 = 0.13
    assert entry["reasons"] == {}


def test_a_tempo_step_is_told_from_a_shift() -> None:
    cue_ns = cues(np.concatenate((np.full(20, 500.0), np.full(20, 475.0))))
    (found,) = perturbations_of(cue_ns)
    assert (found.kind, found.cue) == (TEMPO_STEP, 21)
    assert found.shift_ms == pytest.approx(-25.0)
    (entry,) = recoveries(cue_ns, follower(cue_ns, 0.5))
    # Half of what is left is corrected, and a new 25 ms comes with every cue: 1, 1.5, 1.75, …
    assert entry["curve"][:3] == pytest.approx([1.0, 1.5, 1.75], abs=1e-3)
    assert entry["recovered_after_cues"] is None
    assert "recovered_after_cues" in entry["reasons"]


def test_a_beat_that_is_never_steady_has_none() -> None:
    rng = np.random.default_rng(3)
    assert perturbations_of(cues(500 + rng.normal(0, 10, 400))) == []
    assert perturbations_of(cues(np.full(100, 500.0))) == []
    assert perturbations_of(cues(500 + rng.uniform(-0.5, 0.5, 400))) == []  # an output's jitter
    assert perturbations_of(cues(np.full(4, 500.0))) == []


def test_a_pause_between_two_blocks_is_not_answered_and_so_not_measured() -> None:
    cue_ns = shifted(50.0)
    asynchrony_ms = follower(cue_ns, 0.4)
    asynchrony_ms[:] = np.nan
    assert recoveries(cue_ns, asynchrony_ms) == []
    asynchrony_ms = follower(cue_ns, 0.4)
    asynchrony_ms[[12, 32, 52]] = np.nan
    (entry,) = recoveries(cue_ns, asynchrony_ms)
    assert entry["curve"][1] is None
    assert entry["corrected_at_once_percent"] is None
    assert "corrected_at_once_percent" in entry["reasons"]
