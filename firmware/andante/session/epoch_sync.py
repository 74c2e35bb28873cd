"""The board's ticks on session time over a whole session, with all of its probes in view. Pure."""

from contextlib import suppress
from functools import cached_property

import numpy as np
import numpy.typing as npt

from andante.clocksync import CentredSync
from andante.ports import ClockProbe
from andante.timebase import NS_PER_S

NOT_GIVEN = -(2**63)  # stands in integer arrays for a time that does not exist

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class EpochSync:
    """Ticks of every epoch on session time: one `CentredSync` for each boot of the board."""

    def __init__(
        self, probes: tuple[ClockProbe, ...], tick_hz: int, assume_shared_clock: bool = False
    ) -> None:
        """`assume_shared_clock`: without probes, ticks count from session time 0 (imports)."""
        self.tick_hz = tick_hz
        self._shared = assume_shared_clock
        self._probes = probes

    @cached_property
    def _fits(self) -> dict[int, CentredSync]:
        """Only fitted where something is translated: of a finished file, only the samples."""
        by_epoch: dict[int, list[ClockProbe]] = {}
        for probe in self._probes:
            by_epoch.setdefault(probe.epoch, []).append(probe)
        fits = {}
        for epoch, probes in by_epoch.items():
            # Too few probes, or a counter that stood still: the live times are all there is.
            with suppress(ValueError):
                fits[epoch] = CentredSync(probes, self.tick_hz)
        return fits

    def correct(
        self, epoch: Int64s, ticks: Int64s, live_ns: Int64s, live_uncertainty_us: Floats
    ) -> tuple[Int64s, Floats]:
        """Times and uncertainties, shape (n,); the live ones stay where an epoch has no fit."""
        time_ns, uncertainty_us = live_ns.copy(), live_uncertainty_us.copy()
        for number, fit in self._fits.items():
            inside = epoch == number
            if inside.any():
                time_ns[inside], uncertainty_us[inside] = fit.translate(ticks[inside])
        return time_ns, uncertainty_us

    def translate(self, epoch: Int64s, ticks: Int64s) -> Int64s:
        """Times, shape (n,), of sample ticks; NOT_GIVEN where an epoch has no fit."""
        start = np.full(ticks.shape, NOT_GIVEN, dtype=np.int64)
        if self._shared:
            start = (ticks * (NS_PER_S / self.tick_hz)).astype(np.int64)
        return self.correct(epoch, ticks, start, np.zeros(ticks.shape))[0]
