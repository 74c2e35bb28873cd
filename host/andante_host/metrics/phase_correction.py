"""How strongly a person corrects an asynchrony, and how noisy their timing is.

The linear phase-correction model (Vorberg & Schulze 2002):

    A(n+1) = (1 − alpha)·A(n) + T(n) + M(n+1) − M(n)

with timekeeper noise T and motor noise M. Estimated by bounded generalised least squares
(Jacoby, Tishby, Repp, Ahissar & Keller 2015, Timing & Time Perception 3, 52–87): ordinary least
squares first, then least squares weighted with the tridiagonal covariance that the residuals
show, under 0 <= motor <= timekeeper, until alpha stands still.

Its limit: where the motor noise nears half of the timekeeper's, a weak correction with much motor
noise and a strong one with little look nearly the same. Mean over 4,000 simulated runs of 100
taps for true alpha .3, .5, .8: .32, .50, .78 with healthy noise (timekeeper 17.6, motor 4.4 ms),
but .35, .55, .91 with 10 and 5 ms; a single run has a standard error of .1 to .2.

Pure; numpy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MIN_TRANSITIONS = 20
_MAX_ROUNDS = 20
_TOLERANCE = 1e-3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PhaseCorrection:
    """alpha 0: nothing is corrected; 1: all of an asynchrony by the next response."""

    alpha: float
    timekeeper_sd_ms: float
    motor_sd_ms: float
    transition_count: int


@dataclass(frozen=True)
class Run:
    """Consecutive matched cues: n asynchronies and the n − 1 cue shifts between them.

    A shift is the interval between two cues less the local interval: what the patient could not
    have foreseen. It is part of A(n+1) − A(n) but none of the patient's doing.
    """

    asynchrony_ms: Floats
    cue_shift_ms: Floats


def estimate_phase_correction(runs: Sequence[Run]) -> PhaseCorrection | None:
    """alpha and both noises from runs of at least two asynchronies.

    None where the runs hold fewer than 20 transitions or no variation to estimate from.
    """
    runs = [run for run in runs if run.asynchrony_ms.size >= 2]
    transition_count = sum(run.asynchrony_ms.size - 1 for run in runs)
    if transition_count < MIN_TRANSITIONS:
        return None
    from_ms = [run.asynchrony_ms[:-1] for run in runs]
    moved_ms = [np.diff(run.asynchrony_ms) + run.cue_shift_ms for run in runs]
    from_mean_ms = float(np.concatenate(from_ms).mean())
    moved_mean_ms = float(np.concatenate(moved_ms).mean())
    from_ms = [part - from_mean_ms for part in from_ms]
    moved_ms = [part - moved_mean_ms for part in moved_ms]
    from_power = sum(float(part @ part) for part in from_ms)
    if from_power == 0.0:
        return None

    # A tridiagonal Toeplitz covariance is diagonal under the sine transform, whatever its two
    # values are, so each run is transformed once and every round is a weighted sum.
    from_waves = np.concatenate([_sine_transform(part) for part in from_ms])
    moved_waves = np.concatenate([_sine_transform(part) for part in moved_ms])
    cosines = np.concatenate(
        [np.cos(np.arange(1, part.size + 1) * np.pi / (part.size + 1)) for part in from_ms]
    )
    alpha = -sum(float(x @ y) for x, y in zip(from_ms, moved_ms, strict=True)) / from_power
    for _ in range(_MAX_ROUNDS):
        variance, covariance = _residual_covariance(from_ms, moved_ms, alpha)
        if variance == 0.0:
            return PhaseCorrection(alpha, 0.0, 0.0, transition_count)
        weights = 1.0 / (variance + 2.0 * covariance * cosines)
        previous = alpha
        alpha = -float((weights * from_waves * moved_waves).sum()) / float(
            (weights * from_waves**2).sum()
        )
        if abs(alpha - previous) < _TOLERANCE:
            break
    variance, covariance = _residual_covariance(from_ms, moved_ms, alpha)
    return PhaseCorrection(
        alpha=alpha,
        timekeeper_sd_ms=float(np.sqrt(variance + 2.0 * covariance)),
        motor_sd_ms=float(np.sqrt(-covariance)),
        transition_count=transition_count,
    )


def _residual_covariance(
    from_ms: Sequence[Floats], moved_ms: Sequence[Floats], alpha: float
) -> tuple[float, float]:
    """Variance and lag-1 covariance of the residuals, within the bounds of the model.

    They are sT² + 2·sM² and −sM²; with 0 <= sM <= sT the second lies in [−variance/3, 0].
    """
    residuals = [moved + alpha * start for start, moved in zip(from_ms, moved_ms, strict=True)]
    count = sum(part.size for part in residuals)
    variance = sum(float(part @ part) for part in residuals) / (count - 1)
    neighbours = sum(part.size - 1 for part in residuals)
    if neighbours == 0:
        return variance, 0.0
    covariance = sum(float(part[:-1] @ part[1:]) for part in residuals) / neighbours
    return variance, float(np.clip(covariance, -variance / 3.0, 0.0))


def _sine_transform(values: Floats) -> Floats:
    """Orthonormal type-I discrete sine transform, shape (n,) to (n,), by an odd extension."""
    count = values.size
    odd = np.concatenate(([0.0], values, [0.0], -values[::-1]))
    waves: Floats = -np.fft.rfft(odd).imag[1 : count + 1] / np.sqrt(2.0 * (count + 1))
    return waves
