"""Events that a session does not hold but its samples do: contacts, taps and breaths.

The detectors need scipy, which takes longer to load than most sessions; it is loaded only here
and only when a session needs it.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS, TAP_CHANNELS, Channel, Edge
from andante.session.file import (
    MISSING,
    NOT_GIVEN,
    Int64s,
    ResponseTable,
    SampleSeries,
    SessionData,
    load_session,
)
from andante.timebase import NS_PER_S, NS_PER_US
from andante_host.metrics.breathing import BeltRun

Floats = npt.NDArray[np.float64]

_WITH_BELT = (Exercise.BREATHE, Exercise.LISTEN)
_Edges = list[tuple[str, str, Floats]]


def load_with_events(path: Path) -> tuple[SessionData, bool]:
    """The session, and whether its contacts or taps had to be found in its samples just now.

    Samples are read only where something rests on them: a belt, or feet or pads without a single
    response. Raises SessionFileError.
    """
    data = load_session(path, with_raw=False)
    if data.header.exercise in _WITH_BELT:
        return load_session(path), False
    channels = FOOT_CHANNELS if data.header.exercise == Exercise.WALK else TAP_CHANNELS
    if np.isin(data.responses.channel, list(channels)).any():
        return data, False
    data = load_session(path)
    if data.header.exercise == Exercise.WALK:
        if any(foot not in data.samples for foot in FOOT_CHANNELS):
            return data, False
        return replace(data, responses=_contacts(data)), True
    pads = [pad for pad in TAP_CHANNELS if pad in data.samples]
    return (replace(data, responses=_taps(data, pads)), True) if pads else (data, False)


def _contacts(data: SessionData) -> ResponseTable:
    """Contacts and offs found in the force samples of both feet."""
    from andante_host.detect.contacts import detect_contacts

    series = [_known(data.samples[foot]) for foot in FOOT_CHANNELS]
    time_ns = np.union1d(*(part.time_ns for part in series))
    if time_ns.size < 2:
        return data.responses
    force = np.full((len(series), time_ns.size), np.nan)
    for row, part in zip(force, series, strict=True):
        row[np.searchsorted(time_ns, part.time_ns)] = part.counts
    feet = detect_contacts((time_ns - time_ns[0]) / NS_PER_S, *force)
    edges: _Edges = [
        (foot, edge, times_s)
        for foot, events in zip(FOOT_CHANNELS, feet, strict=True)
        for edge, times_s in ((Edge.ON, events.contacts_s), (Edge.OFF, events.offs_s))
    ]
    return _as_responses(edges, int(time_ns[0]), _interval_us(series[0].time_ns))


def _taps(data: SessionData, pads: Iterable[Channel]) -> ResponseTable:
    """Taps found in the force samples of these pads."""
    from andante_host.detect.taps import detect_taps

    edges: _Edges = []
    interval_us = 0.0
    start_ns = data.header.started_ns
    for pad in pads:
        series = _known(data.samples[pad])
        if series.time_ns.size < 2:
            continue
        time_s = (series.time_ns - start_ns) / NS_PER_S
        edges.append((pad, Edge.ON, detect_taps(time_s, series.counts.astype(np.float64))))
        interval_us = max(interval_us, _interval_us(series.time_ns))
    return _as_responses(edges, start_ns, interval_us) if edges else data.responses


def _as_responses(edges: _Edges, start_ns: int, interval_us: float) -> ResponseTable:
    """`ticks` and `epoch` are MISSING: no board stamped these.

    Their uncertainty is that of a moment somewhere between two samples.
    """
    sizes = [times_s.size for *_, times_s in edges]
    times_s = np.concatenate([times_s for *_, times_s in edges])
    found_ns = start_ns + np.rint(times_s * NS_PER_S).astype(np.int64)
    order = np.argsort(found_ns, kind="stable")
    missing = np.full(found_ns.size, MISSING, dtype=np.int64)
    return ResponseTable(
        index=np.arange(found_ns.size),
        channel=np.repeat([str(channel) for channel, *_ in edges], sizes)[order],
        edge=np.repeat([str(edge) for _, edge, _ in edges], sizes)[order],
        epoch=missing,
        ticks=missing,
        time_ns=found_ns[order],
        uncertainty_us=np.full(found_ns.size, interval_us / 12**0.5),
        peak_counts=missing,
        duration_ticks=missing,
    )


def belt_of(data: SessionData) -> tuple[list[BeltRun], Floats, Floats] | None:
    """The belt without its gaps, and the starts of inhalations and exhalations in it.

    In seconds from the start of the session; `data` must hold its samples. None where the session
    has no belt.
    """
    if Channel.BELT not in data.samples:
        return None
    series = _known(data.samples[Channel.BELT])
    if series.time_ns.size < 2:
        return None
    from andante_host.detect.breaths import belt_runs, detect_breaths

    time_s = (series.time_ns - data.header.started_ns) / NS_PER_S
    counts = series.counts.astype(np.float64)
    period_s, stretches = belt_runs(time_s, counts)
    breaths = detect_breaths(time_s, counts)
    runs = [BeltRun(start_s, period_s, even) for start_s, even in stretches]
    return runs, breaths.inhales_s, breaths.exhales_s


def _known(series: SampleSeries) -> SampleSeries:
    """The samples whose time is known, in order, each time once."""
    time_ns, first = np.unique(series.time_ns, return_index=True)
    known = time_ns != NOT_GIVEN
    return SampleSeries(time_ns[known], series.counts[first[known]])


def _interval_us(time_ns: Int64s) -> float:
    return float(np.median(np.diff(time_ns))) / NS_PER_US if time_ns.size > 1 else 0.0
