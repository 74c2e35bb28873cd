"""WFDB records, as PhysioNet publishes them, by the package `wfdb`.

A record's header says the sampling rate and the physical units; which signal is which foot or the
belt it does not say in a way that can be relied on, so that has to be said.
"""

import math
from pathlib import Path

import numpy as np

from andante.errors import SignalFileError
from andante_host.imports.content import Content, ImportOptions, Sampled, refuse_unlikely_rate
from andante_host.imports.foreign import named, reading

SUFFIX = ".hea"


def read_wfdb(path: Path, options: ImportOptions) -> Content:
    """The signals of a record that `options` names; `path` is its header file.

    Values are physical units as the header scales them; invalid samples become gaps. Raises
    SignalFileError, also where no signal is named.
    """
    import wfdb

    options.refuse_unused(f"the WFDB record {path}", "left", "right", "belt")
    with reading(path, "a WFDB record"):
        header = wfdb.rdheader(str(path.with_suffix("")))
        names = list(header.sig_name or [])
        units = list(header.units or [])
        rate_hz = float(header.fs)
    listed = ", ".join(f"{name!r}" for name in names)
    wanted = options.signals()
    if not wanted:
        raise SignalFileError(
            f"{path} has the signals {listed or 'none'}; say which is which with --left, --right "
            "or --belt."
        )
    at = {channel: named(names, name, path, "signal") for channel, name in wanted.items()}
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise SignalFileError(f"{path} gives no sampling rate; complete its header.")
    with reading(path, "a WFDB record"):
        record = wfdb.rdrecord(str(path.with_suffix("")), channels=list(at.values()))
        values = np.asarray(record.p_signal, dtype=np.float64)
    if len(values) < 2 or not np.isfinite(values).any(axis=0).all():
        raise SignalFileError(f"{path} has a signal without samples; choose another.")
    refuse_unlikely_rate(path, rate_hz)
    time_s = np.arange(len(values)) / rate_hz
    return Content(
        samples={
            channel: Sampled(time_s, np.ascontiguousarray(values[:, column]), rate_hz)
            for column, channel in enumerate(at)
        },
        said={"signals": dict(wanted), "units": {c: units[n] for c, n in at.items()}},
    )
