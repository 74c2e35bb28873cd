"""Many simulated tappers at once, with known correction and noise."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SETTLING_TAPS = 100


def linear_tappers(
    rng: np.random.Generator,
    runs: int,
    count: int,
    alpha: float,
    timekeeper_sd_ms: float,
    motor_sd_ms: float,
) -> Floats:
    """Asynchronies of the linear phase-correction model, shape (runs, count), settled, around 0."""
    total = count + SETTLING_TAPS
    timekeeper_ms = rng.normal(0.0, timekeeper_sd_ms, (runs, total))
    motor_ms = rng.normal(0.0, motor_sd_ms, (runs, total + 1))
    noise_ms = timekeeper_ms + np.diff(motor_ms, axis=1)
    asynchrony_ms = np.zeros((runs, total))
    for n in range(total - 1):
        asynchrony_ms[:, n + 1] = (1.0 - alpha) * asynchrony_ms[:, n] + noise_ms[:, n]
    return asynchrony_ms[:, SETTLING_TAPS:]
