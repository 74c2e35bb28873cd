"""XDF recordings of the Lab Streaming Layer, by `pyxdf`, which lays all streams on one clock.

A stream is named by its name, or by its type where only one has it; a signal in it as
`STREAM:LABEL` or `STREAM:2`, an event by its marker as `STREAM=MARKER`.
"""

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from andante.errors import SignalFileError
from andante.ports import Channel
from andante.timebase import seconds_to_ns
from andante_host.imports.content import (
    Content,
    Floats,
    ImportOptions,
    Sampled,
    refuse_unlikely_rate,
)
from andante_host.imports.foreign import named, reading

SUFFIXES = (".xdf", ".xdfz")
_WAYS = "say which streams to take with --left, --right, --belt, --cues or --taps"


def read_xdf(path: Path, options: ImportOptions) -> Content:
    """The streams that `options` names, in seconds from the first sample of any stream.

    Raises SignalFileError, also where none is named or a name fits several streams.
    """
    import pyxdf

    options.refuse_unused(f"the XDF file {path}", "left", "right", "belt", "cues", "taps")
    with reading(path, "an XDF file"):
        # Opened here: the library leaves a file that is none of its own open.
        with gzip.open(path) if path.suffix.lower() == ".xdfz" else path.open("rb") as file:
            streams = pyxdf.load_xdf(file)[0]
        zero_s = min(float(s["time_stamps"][0]) for s in streams if len(s["time_stamps"]))
    wanted = options.signals()
    if not wanted and options.cues is None and options.taps is None:
        raise SignalFileError(f"{path} has the streams {_listed(streams)}; {_WAYS}.")
    with reading(path, "an XDF file"):
        samples = {c: _signal(path, streams, name, zero_s) for c, name in wanted.items()}
        cues_s = _events(path, streams, options.cues, zero_s)
        taps_s = _events(path, streams, options.taps, zero_s)
    said = {"signals": dict(wanted), "cues": options.cues, "taps": options.taps}
    return Content(
        cue_ns=tuple(seconds_to_ns(float(t)) for t in cues_s),
        responses=tuple((seconds_to_ns(float(t)), Channel.TAP_1) for t in taps_s),
        samples=samples,
        said={name: value for name, value in said.items() if value},
    )


def _about(stream: Any, key: str) -> str:
    return str((stream["info"].get(key) or [""])[0] or "")


def _listed(streams: list[Any]) -> str:
    return ", ".join(f"{_about(s, 'name')!r} (type {_about(s, 'type')!r})" for s in streams)


def _stream(path: Path, streams: list[Any], wanted: str) -> Any:
    found = [s for s in streams if _about(s, "name") == wanted]
    found = found or [s for s in streams if _about(s, "type") == wanted]
    if len(found) != 1:
        how_many = "no stream" if not found else f"{len(found)} streams"
        raise SignalFileError(
            f"{path} has {how_many} of the name or type {wanted!r}; it has {_listed(streams)}."
        )
    return found[0]


def _signal(path: Path, streams: list[Any], wanted: str, zero_s: float) -> Sampled:
    name, _, label = wanted.partition(":")
    stream = _stream(path, streams, name)
    values = np.asarray(stream["time_series"])
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise SignalFileError(f"{path}: the stream {name!r} holds markers and no samples.")
    labels = _labels(stream, values.shape[1])
    if not label and len(labels) > 1:
        raise SignalFileError(
            f"{path}: the stream {name!r} has the signals {', '.join(labels)}; name one of them, "
            f"as in {name}:{labels[0]}."
        )
    number = int(label) - 1 if label.isdigit() and label not in labels else None
    if number is None or not 0 <= number < len(labels):
        number = named(labels, label, path, "signal") if label else 0
    time_s = np.asarray(stream["time_stamps"], dtype=np.float64) - zero_s
    rate_hz = float(stream["info"].get("effective_srate") or 0.0)
    if time_s.size < 2 or rate_hz <= 0.0:
        raise SignalFileError(f"{path}: the stream {name!r} has fewer than two samples.")
    if (np.diff(time_s) <= 0.0).any():
        raise SignalFileError(f"{path}: the times of the stream {name!r} do not rise throughout.")
    refuse_unlikely_rate(path, rate_hz)
    return Sampled(time_s, values[:, number].astype(np.float64), rate_hz)


def _labels(stream: Any, count: int) -> list[str]:
    described = (stream["info"].get("desc") or [None])[0] or {}
    group = (described.get("channels") or [None])[0] or {}
    labels = [str((channel.get("label") or [""])[0] or "") for channel in group.get("channel", [])]
    return labels if len(labels) == count else [str(n + 1) for n in range(count)]


def _events(path: Path, streams: list[Any], wanted: str | None, zero_s: float) -> Floats:
    if wanted is None:
        return np.empty(0)
    name, _, marker = wanted.partition("=")
    stream = _stream(path, streams, name)
    if float(_about(stream, "nominal_srate") or 0.0) > 0.0:
        raise SignalFileError(
            f"{path}: the stream {name!r} is sampled regularly and holds no markers; choose "
            "another."
        )
    rows = [str(row[0]).strip() for row in stream["time_series"]]
    times_s = np.asarray(stream["time_stamps"], dtype=np.float64) - zero_s
    kinds = list(dict.fromkeys(rows))
    if marker and marker not in kinds:
        raise SignalFileError(
            f"{path}: the stream {name!r} has no marker {marker!r}; it has {', '.join(kinds[:12])}."
        )
    if not marker and len(kinds) > 1 and isinstance(stream["time_series"], list):
        raise SignalFileError(
            f"{path}: the stream {name!r} has the markers {', '.join(kinds[:12])}; name one, as in "
            f"{name}={kinds[0]}."
        )
    chosen = times_s[[row == marker for row in rows]] if marker else times_s
    return np.sort(chosen)
