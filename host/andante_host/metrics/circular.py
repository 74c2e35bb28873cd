"""Directions on a circle: where in the beat the responses fall. Pure; numpy only."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class CircularSummary:
    """Mean vector of n directions, and Rayleigh's test against "no preferred direction".

    `vector_length` is from 0 (anywhere) to 1 (always the same); `mean_direction_deg` from −180
    to 180, negative where early.
    """

    count: int
    vector_length: float
    mean_direction_deg: float
    rayleigh_z: float
    rayleigh_p: float

    @property
    def directed(self) -> bool:
        """True where the directions are not just anywhere (p < 0.05)."""
        return self.rayleigh_p < SIGNIFICANCE


def beat_angles_rad(
    asynchrony_ms: npt.NDArray[np.float64], interval_ms: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Asynchronies, shape (n,), as angles in the beat: 2π·A/interval, 0 on the beat."""
    angles: npt.NDArray[np.float64] = 2.0 * np.pi * asynchrony_ms / interval_ms
    return angles


def circular_summary(angles_rad: npt.NDArray[np.float64]) -> CircularSummary:
    """Mean vector and Rayleigh test of angles of shape (n,), n >= 1.

    R = |mean exp(iθ)|; z = n·R²; p = exp(√(1 + 4n + 4(n² − (nR)²)) − (1 + 2n)), the
    approximation of Zar, Biostatistical Analysis, 5th ed., eq. 27.4. Raises ValueError for none.
    """
    count = angles_rad.size
    if count == 0:
        raise ValueError("a mean direction needs at least one angle")
    mean_vector = np.exp(1j * angles_rad).mean()
    length = float(min(abs(mean_vector), 1.0))
    resultant = count * length
    p = np.exp(np.sqrt(1 + 4 * count + 4 * (count**2 - resultant**2)) - (1 + 2 * count))
    return CircularSummary(
        count=count,
        vector_length=length,
        mean_direction_deg=float(np.rad2deg(np.angle(mean_vector))),
        rayleigh_z=count * length**2,
        rayleigh_p=float(p),
    )
