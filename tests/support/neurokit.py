"""NeuroKit2 (Makowski et al. 2021) as the independent judge of breaths."""

import warnings

import numpy as np
import numpy.typing as npt
import pytest

Floats = npt.NDArray[np.float64]


def neurokit_breaths(belt: Floats, rate_hz: int) -> tuple[Floats, Floats, Floats]:
    """Starts of inhalation and exhalation in seconds and the cleaned belt, by its own defaults.

    Skips the test where NeuroKit2 is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        neurokit = pytest.importorskip("neurokit2", reason="NeuroKit2 is not installed")
        clean = neurokit.rsp_clean(belt, sampling_rate=rate_hz)
        _, found = neurokit.rsp_peaks(clean, sampling_rate=rate_hz)
    troughs, peaks = (
        np.asarray(found[name], dtype=np.float64) for name in ("RSP_Troughs", "RSP_Peaks")
    )
    return troughs / rate_hz, peaks / rate_hz, np.asarray(clean, dtype=np.float64)
