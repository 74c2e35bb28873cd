"""How strongly a person corrects an asynchrony, and how noisy their timing is.

The linear phase-correction model (Vorberg & Schulze 2002, J Math Psychol 46, 56-87):

    A(n+1) = (1 − alpha)·A(n) + T(n) + M(n+1) − M(n)

with timekeeper noise T and motor noise M. The residuals T + dM have variance sT² + 2·sM² and
lag-1 covariance −sM²; 0 <= sM <= sT (Jacoby, Tishby, Repp, Ahissar & Keller 2015, Timing & Time
Perception 3, 52-87). Two estimates rest on that:

- **bounded generalised least squares** (Jacoby et al.; `bgls_alpha`): ordinary least squares,
  then least squares weighted with the tridiagonal covariance that the residuals show, clipped to
  the bounds, until alpha stands still.
- **averaged** (`alpha`, METHOD): the asynchronies hardly tell a weak correction with much motor
  noise from a strong one with little, and bGLS then follows the residuals to one bound or the
  other: with as much as half the timekeeper's noise in the hand and alpha .8 it says .89 on
  average. So every ratio sM/sT from 0 to 1 gets its own weighted least-squares fit, and the fits
  are averaged by how well they explain the data (the likelihood, with alpha and the scale
  integrated out) times how likely their motor noise is in people: log-normal around 4.4 ms, the
  mean of 74 healthy tappers at 500 ms, by a factor of 1.5 either way (our choice; 2-10 ms in 95 %
  of people). Long records outweigh that expectation.

Means of 1,000 simulated runs of 100 taps (`make validation` measures them again), and in brackets
the root mean square error of a single run:

    timekeeper, motor    alpha    averaged         bGLS
    17.6 ms, 4.4 ms      .3       .31  (.08)       .32  (.10)
                         .5       .49  (.09)       .50  (.13)
                         .8       .76  (.11)       .78  (.18)
    10 ms, 5 ms          .3       .33  (.09)       .34  (.12)
                         .5       .52  (.09)       .55  (.17)
                         .8       .79  (.10)       .91  (.21)
    25 ms, 10 ms         .8       .88  (.13)       .85  (.19)
    10 ms, 2 ms          .8       .66  (.17)       .76  (.18)

The last two rows are its price: a motor noise far from the usual pulls alpha with it.

Pure; numpy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

METHOD = "bgls-averaged/1"
MIN_TRANSITIONS = 20
_MAX_ROUNDS = 20
_TOLERANCE = 1e-3

_RATIOS = np.arange(1, 41) / 40.0  # motor over timekeeper noise
_USUAL_MOTOR_SD_MS = 4.4
_MOTOR_SD_SPREAD = 0.4  # of its logarithm: a factor of 1.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PhaseCorrection:
    """alpha 0: nothing is corrected; 1: all of an asynchrony by the next response.

    `alpha_sd` is the standard error of `alpha`, what the noises leave open included;
    `bgls_alpha` the plain estimate of Jacoby et al.
    """

    alpha: float
    alpha_sd: float
    timekeeper_sd_ms: float
    motor_sd_ms: float
    bgls_alpha: float
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
    from_ms = _centred([run.asynchrony_ms[:-1] for run in runs])
    moved_ms = _centred([np.diff(run.asynchrony_ms) + run.cue_shift_ms for run in runs])
    from_power = sum(float(part @ part) for part in from_ms)
    if from_power == 0.0:
        return None

    # A tridiagonal Toeplitz covariance is diagonal under the sine transform, whatever its two
    # values are, so each run is transformed once and every fit is a weighted sum.
    waves = _Waves(
        np.concatenate([_sine_transform(part) for part in from_ms]),
        np.concatenate([_sine_transform(part) for part in moved_ms]),
        np.concatenate(
            [np.cos(np.arange(1, part.size + 1) * np.pi / (part.size + 1)) for part in from_ms]
        ),
    )
    bgls_alpha = -sum(float(x @ y) for x, y in zip(from_ms, moved_ms, strict=True)) / from_power
    for _ in range(_MAX_ROUNDS):
        relative_covariance = _residual_covariance(from_ms, moved_ms, bgls_alpha)
        if relative_covariance is None:
            return PhaseCorrection(bgls_alpha, 0.0, 0.0, 0.0, bgls_alpha, transition_count)
        previous = bgls_alpha
        bgls_alpha = float(waves.fit(np.array([relative_covariance])).alpha[0])
        if abs(bgls_alpha - previous) < _TOLERANCE:
            break
    return _average(waves, bgls_alpha, transition_count)


@dataclass(frozen=True)
class _Fits:
    """Weighted least-squares fits for several covariances, shape (k,) each."""

    alpha: Floats
    alpha_variance: Floats
    residual_power: Floats
    log_likelihood: Floats


@dataclass(frozen=True)
class _Waves:
    """Sine transforms of where each transition began and how far it moved, shape (n,)."""

    start: Floats
    moved: Floats
    cosines: Floats

    def fit(self, relative_covariance: Floats) -> _Fits:
        """One fit for each lag-1 covariance, shape (k,), given as a share of the variance.

        Of the likelihood alpha and the variance are integrated out, with flat priors on alpha
        and on the logarithm of the variance.
        """
        spectrum = 1.0 + 2.0 * relative_covariance[:, np.newaxis] * self.cosines
        start_power = (self.start**2 / spectrum).sum(axis=1)
        moved_power = (self.moved**2 / spectrum).sum(axis=1)
        product = (self.start * self.moved / spectrum).sum(axis=1)
        residual_power = moved_power - product**2 / start_power
        freedom = self.start.size - 2  # less alpha and the mean
        log_likelihood = -0.5 * (
            np.log(spectrum).sum(axis=1) + np.log(start_power) + freedom * np.log(residual_power)
        )
        return _Fits(
            alpha=-product / start_power,
            alpha_variance=residual_power / freedom / start_power,
            residual_power=residual_power / freedom,
            log_likelihood=log_likelihood,
        )


def _average(waves: _Waves, bgls_alpha: float, transition_count: int) -> PhaseCorrection:
    relative_covariance = -(_RATIOS**2) / (1.0 + 2.0 * _RATIOS**2)
    fits = waves.fit(relative_covariance)
    motor_sd_ms = np.sqrt(-relative_covariance * fits.residual_power)
    surprise = np.log(motor_sd_ms / _USUAL_MOTOR_SD_MS) / _MOTOR_SD_SPREAD
    log_weight = fits.log_likelihood - 0.5 * surprise**2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    alpha = float(weight @ fits.alpha)
    return PhaseCorrection(
        alpha=alpha,
        alpha_sd=float(np.sqrt(weight @ (fits.alpha_variance + (fits.alpha - alpha) ** 2))),
        timekeeper_sd_ms=float(weight @ (motor_sd_ms / _RATIOS)),
        motor_sd_ms=float(weight @ motor_sd_ms),
        bgls_alpha=bgls_alpha,
        transition_count=transition_count,
    )


def _centred(parts: Sequence[Floats]) -> list[Floats]:
    mean_ms = float(np.concatenate(parts).mean())
    return [part - mean_ms for part in parts]


def _residual_covariance(
    from_ms: Sequence[Floats], moved_ms: Sequence[Floats], alpha: float
) -> float | None:
    """Lag-1 covariance of the residuals as a share of their variance, within the model's bounds.

    It is −sM² / (sT² + 2·sM²); with 0 <= sM <= sT that lies in [−1/3, 0]. None without residuals.
    """
    residuals = [moved + alpha * start for start, moved in zip(from_ms, moved_ms, strict=True)]
    count = sum(part.size for part in residuals)
    variance = sum(float(part @ part) for part in residuals) / (count - 1)
    if variance == 0.0:
        return None
    neighbours = sum(part.size - 1 for part in residuals)
    if neighbours == 0:
        return 0.0
    covariance = sum(float(part[:-1] @ part[1:]) for part in residuals) / neighbours
    return float(np.clip(covariance / variance, -1.0 / 3.0, 0.0))


def _sine_transform(values: Floats) -> Floats:
    """Orthonormal type-I discrete sine transform, shape (n,) to (n,), by an odd extension."""
    count = values.size
    odd = np.concatenate(([0.0], values, [0.0], -values[::-1]))
    waves: Floats = -np.fft.rfft(odd).imag[1 : count + 1] / np.sqrt(2.0 * (count + 1))
    return waves
