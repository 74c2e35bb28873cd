"""Loudness and true peak by libebur128, the common implementation of EBU R 128 (MIT licence)."""

import ctypes
import ctypes.util
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.errors import RecordingError

# enum mode in ebur128.h
_MOMENTARY = 1 << 0
_INTEGRATED = 1 << 2 | _MOMENTARY
_TRUE_PEAK = 1 << 5 | 1 << 4 | _MOMENTARY


@dataclass(frozen=True)
class Loudness:
    """`integrated_lufs` is -inf for silence; `true_peak_dbtp` too."""

    integrated_lufs: float
    true_peak_dbtp: float


def measure(blocks: Iterable[npt.NDArray[np.float32]], rate_hz: int) -> Loudness:
    """Loudness of one channel, given as blocks of shape (n,). Raises RecordingError."""
    library = _load()
    state = library.ebur128_init(1, rate_hz, _INTEGRATED | _TRUE_PEAK)
    if not state:
        raise RecordingError("There is too little memory to measure loudness; close programs.")
    handle = ctypes.c_void_p(state)
    try:
        for block in blocks:
            samples = np.ascontiguousarray(block, dtype=np.float32)
            pointer = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            _check(library.ebur128_add_frames_float(handle, pointer, samples.size))
        loudness, peak = ctypes.c_double(), ctypes.c_double()
        _check(library.ebur128_loudness_global(handle, ctypes.byref(loudness)))
        _check(library.ebur128_true_peak(handle, 0, ctypes.byref(peak)))
    finally:
        library.ebur128_destroy(ctypes.byref(handle))
    with np.errstate(divide="ignore"):
        return Loudness(loudness.value, float(20 * np.log10(peak.value)))


def _check(code: int) -> None:
    if code != 0:
        raise RecordingError(f"Loudness could not be measured (libebur128 error {code}).")


def _load() -> ctypes.CDLL:
    name = ctypes.util.find_library("ebur128")
    if name is None:
        raise RecordingError(
            "Preparing a recording needs libebur128, which is not installed; install it with "
            "`apt install libebur128-1`."
        )
    library = ctypes.CDLL(name)
    library.ebur128_init.restype = ctypes.c_void_p
    library.ebur128_init.argtypes = [ctypes.c_uint, ctypes.c_ulong, ctypes.c_int]
    library.ebur128_add_frames_float.argtypes = [
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_float),
        ctypes.c_size_t,
    ]
    library.ebur128_loudness_global.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double)]
    library.ebur128_true_peak.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint,
        ctypes.POINTER(ctypes.c_double),
    ]
    library.ebur128_destroy.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
    library.ebur128_destroy.restype = None
    return library
