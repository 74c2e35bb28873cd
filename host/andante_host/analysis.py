"""A session file to all its measures: the one way in for report, export and page."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS, Channel, Edge
from andante.session.file import (
    MISSING,
    NOT_GIVEN,
    CueTable,
    Int64s,
    OutputTable,
    ResponseTable,
    SessionData,
    load_session,
)
from andante.timebase import NS_PER_S, NS_PER_US
from andante_host.cues import ReferenceCues, answering_channels, reference_cues, series_on
from andante_host.metrics.gait import gait_measures
from andante_host.metrics.synchrony import Meeting, meet, pairs_in_session, synchrony_measures
from andante_host.metrics.timing import timing_block

CONTACT_NOTE = (
    "The sensor board stamps a contact where the force begins to rise. On four recorded walkers "
    "that is 0 to 4 ms before the contact that PhysioNet publishes: a constant in the mean "
    "asynchrony, not in its variability."
)


Table = TypeVar("Table", CueTable, OutputTable, ResponseTable)
Window = tuple[float, float]
WHOLE: Window = (-math.inf, math.inf)


@dataclass(frozen=True)
class Analysis:
    """A session, its cues and responses laid on each other, and every measure.

    `blocks` is what `analyse` returns; the rest is for pictures of it.
    """

    data: SessionData
    cues: ReferenceCues | None
    meeting: Meeting | None
    blocks: dict[str, Any]


def analyse(path: Path, pairs: bool = False, window_s: Window = WHOLE) -> dict[str, Any]:
    """Every measure of a session file: `session`, `timing`, `synchrony`, `gait`, `breathing` and
    `group`, null where the session has none. With `pairs`, `synchrony.pairs` lists every match.

    `window_s`: only cues and responses in [from, to) count, as for leaving out a walk's first
    seconds; the `timing` block is always that of the whole session. Units are in the keys; the
    `_s` of a moment counts from the start of the session. Raises SessionFileError.
    """
    return analyse_in_full(path, pairs, window_s).blocks


def analyse_in_full(path: Path, pairs: bool = False, window_s: Window = WHOLE) -> Analysis:
    """`analyse`, with the arrays behind the figures. Raises SessionFileError."""
    data, contacts_detected = _load_with_contacts(path)
    whole, data = data, _within(data, window_s)
    absent: dict[str, str] = {
        "breathing": "This version does not measure breathing.",
        "group": "One person alone is no group.",
    }
    cues = reference_cues(data)
    timing = timing_block(whole, cues.reference if cues else None)
    meeting, synchrony = None, None
    if cues is None or cues.series.index.size < 2:
        absent["synchrony"] = "There were fewer than two cues to meet."
    else:
        meeting = meet(cues.series, series_on(data, answering_channels(data)))
        synchrony = _synchrony_block(data, cues, meeting, timing["latency_calibrated"])
        if pairs:
            synchrony["pairs"] = pairs_in_session(meeting, data.header.started_ns)
    gait = _gait_block(data, contacts_detected)
    if gait is None:
        absent["gait"] = "There were no steps."
    blocks = {
        "session": _session_block(data, absent),
        "timing": timing,
        "synchrony": synchrony,
        "gait": gait,
        "breathing": None,
        "group": None,
    }
    return Analysis(data, cues, meeting, blocks)


def _synchrony_block(
    data: SessionData, cues: ReferenceCues, meeting: Meeting, latency_calibrated: bool
) -> dict[str, Any]:
    block = synchrony_measures(meeting, latency_calibrated)
    block["cue_reference"] = cues.reference
    block["silent_cue_count"] = cues.silent_count
    block["not_given_cue_count"] = cues.not_given_count
    block["doubtful_cue_count"] = cues.doubtful_count
    if _contacts_by_threshold(data) and block["mean_asynchrony_ms"] is not None:
        block["notes"]["contact"] = CONTACT_NOTE
    return block


def _contacts_by_threshold(data: SessionData) -> bool:
    """True where the sensor board found the contacts: a simulated patient tells its own."""
    header = data.header
    walked = header.exercise == Exercise.WALK and header.origin != "import"
    return walked and "patient" not in header.simulated_parts


# --- the session itself ---------------------------------------------------------------------


def _session_block(data: SessionData, absent: dict[str, str]) -> dict[str, Any]:
    header = data.header
    imported = header.origin == "import"
    first_ns = data.phases[0].start_ns if data.phases else header.started_ns
    return {
        "file": data.path.name,
        "origin": header.origin,
        "patient_code": header.patient_code,
        "exercise": header.exercise,
        # A file of times does not say on which day they were taken.
        "started_utc": None if imported else header.started_utc.isoformat(timespec="seconds"),
        "duration_s": (data.last_ns - first_ns) / NS_PER_S,
        "complete": data.complete,
        "end_reason": header.end_reason,
        "simulated": bool(header.simulated_parts),
        "simulated_parts": list(header.simulated_parts),
        "phases": [
            {
                "name": phase.name,
                "start_s": _since_start_s(data, phase.start_ns),
                "end_s": _since_start_s(data, _phase_end_ns(data, phase.end_ns)),
            }
            for phase in data.phases
        ],
        "tempo_changes": [
            {
                "time_s": _since_start_s(data, change.time_ns),
                "tempo_per_minute": change.tempo_per_minute,
                "reason": change.reason,
            }
            for change in data.tempo_changes
        ],
        "notes": [
            {
                "time_s": _since_start_s(data, note.time_ns),
                "author_role": note.author_role,
                "text": note.text,
            }
            for note in data.notes
        ],
        "hardware": header.hardware,
        "versions": header.versions,
        "absent": absent,
    }


def _since_start_s(data: SessionData, time_ns: int) -> float:
    return (time_ns - data.header.started_ns) / NS_PER_S


def _phase_end_ns(data: SessionData, end_ns: int | None) -> int:
    return data.last_ns if end_ns is None else end_ns


def _within(data: SessionData, window_s: Window) -> SessionData:
    """The session with only the cues and responses in [from, to), seconds from its start."""
    if window_s == WHOLE:
        return data

    def inside(time_ns: Int64s) -> npt.NDArray[np.bool_]:
        time_s = (time_ns - data.header.started_ns) / NS_PER_S
        chosen: npt.NDArray[np.bool_] = (time_s >= window_s[0]) & (time_s < window_s[1])
        return chosen

    cues = _rows(data.cues, inside(data.cues.planned_ns))
    outputs = {
        name: _rows(table, np.isin(table.cue_index, cues.index))
        for name, table in data.outputs.items()
    }
    responses = _rows(data.responses, inside(data.responses.time_ns))
    return replace(data, cues=cues, outputs=outputs, responses=responses)


def _rows(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    """Those rows of a table whose columns are its fields."""
    return replace(table, **{name: column[chosen] for name, column in vars(table).items()})


# --- steps ----------------------------------------------------------------------------------


def _load_with_contacts(path: Path) -> tuple[SessionData, bool]:
    """The session, and whether its contacts had to be found in the force samples just now."""
    data = load_session(path, with_raw=False)
    if data.header.exercise != Exercise.WALK:
        return data, False
    if np.isin(data.responses.channel, list(FOOT_CHANNELS)).any():
        return data, False
    data = load_session(path)
    if any(foot not in data.samples for foot in FOOT_CHANNELS):
        return data, False
    return replace(data, responses=_detected_contacts(data)), True


def _detected_contacts(data: SessionData) -> ResponseTable:
    """Contacts and offs found in the force samples of both feet.

    `ticks` and `epoch` are MISSING: no board stamped these. Their uncertainty is that of a
    moment somewhere between two samples.
    """
    from andante_host.detect.contacts import detect_contacts  # scipy, only where it is needed

    series = [data.samples[foot] for foot in FOOT_CHANNELS]
    known = [part.time_ns != NOT_GIVEN for part in series]
    time_ns = np.union1d(*(part.time_ns[k] for part, k in zip(series, known, strict=True)))
    if time_ns.size < 2:
        return data.responses
    force = np.full((len(series), time_ns.size), np.nan)
    for row, part, k in zip(force, series, known, strict=True):
        row[np.searchsorted(time_ns, part.time_ns[k])] = part.counts[k]
    start_ns = int(time_ns[0])
    feet = detect_contacts((time_ns - start_ns) / NS_PER_S, *force)
    edges = [
        (foot, edge, start_ns + np.rint(times_s * NS_PER_S).astype(np.int64))
        for foot, events in zip(FOOT_CHANNELS, feet, strict=True)
        for edge, times_s in ((Edge.ON, events.contacts_s), (Edge.OFF, events.offs_s))
    ]
    found_ns = np.concatenate([times_ns for _, _, times_ns in edges])
    order = np.argsort(found_ns, kind="stable")
    missing = np.full(found_ns.size, MISSING, dtype=np.int64)
    sample_interval_us = float(np.median(np.diff(series[0].time_ns[known[0]]))) / NS_PER_US
    return ResponseTable(
        index=np.arange(found_ns.size),
        channel=np.repeat([str(foot) for foot, _, _ in edges], [t.size for *_, t in edges])[order],
        edge=np.repeat([str(edge) for _, edge, _ in edges], [t.size for *_, t in edges])[order],
        epoch=missing,
        ticks=missing,
        time_ns=found_ns[order],
        uncertainty_us=np.full(found_ns.size, sample_interval_us / 12**0.5),
        peak_counts=missing,
        duration_ticks=missing,
    )


def _gait_block(data: SessionData, contacts_detected: bool) -> dict[str, Any] | None:
    """Over the whole session and, under `phases`, for each part of it."""
    if data.header.exercise != Exercise.WALK:
        return None
    edges_s = {
        (channel, edge): (data.responses.times_ns(channel, edge) - data.header.started_ns)
        / NS_PER_S
        for channel in FOOT_CHANNELS
        for edge in Edge
    }
    if not any(times_s.size for times_s in edges_s.values()):
        return None

    def between(start_s: float, end_s: float) -> dict[str, Any]:
        inside = {
            key: times_s[(times_s >= start_s) & (times_s < end_s)]
            for key, times_s in edges_s.items()
        }
        measures = gait_measures(
            left_contacts_s=inside[Channel.LEFT_FOOT, Edge.ON],
            right_contacts_s=inside[Channel.RIGHT_FOOT, Edge.ON],
            left_offs_s=inside[Channel.LEFT_FOOT, Edge.OFF],
            right_offs_s=inside[Channel.RIGHT_FOOT, Edge.OFF],
        )
        plain: dict[str, Any] = msgspec.to_builtins(measures)
        return plain

    block = between(-math.inf, math.inf)
    block["phases"] = {
        phase.name: between(
            _since_start_s(data, phase.start_ns),
            _since_start_s(data, _phase_end_ns(data, phase.end_ns)),
        )
        for phase in data.phases
    }
    for part in block["phases"].values():
        del part["formulas"]  # those of the whole session hold
    block["contacts_from"] = "host, from the force samples" if contacts_detected else "session"
    return block
