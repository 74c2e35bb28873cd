"""A session file to all its measures: the one way in for report, export and page."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from andante.plan import Exercise
from andante.plan.tap import TapTask
from andante.ports import BREATH_KINDS, FOOT_CHANNELS, TAP_CHANNELS, Channel, Edge
from andante.session.file import (
    CueTable,
    Int64s,
    OutputTable,
    ResponseTable,
    SampleSeries,
    SessionData,
)
from andante.timebase import NS_PER_S
from andante_host.cues import ReferenceCues, answering_channels, reference_cues, series_on
from andante_host.found_events import belt_of, load_with_events
from andante_host.metrics.breathing import breathing_measures
from andante_host.metrics.continuation import FORMULAS as OWN_TAPPING_FORMULAS
from andante_host.metrics.continuation import own_tapping
from andante_host.metrics.gait import gait_measures
from andante_host.metrics.group import group_measures
from andante_host.metrics.middle import median
from andante_host.metrics.pacer import Pacer
from andante_host.metrics.synchrony import (
    STEADY_BEAT_KEYS,
    Meeting,
    meet,
    pairs_in_session,
    synchrony_measures,
)
from andante_host.metrics.timing import timing_block

CONTACT_NOTE = (
    "The sensor board stamps a contact where the force begins to rise. On four recorded walkers "
    "that is 0 to 4 ms before the contact that PhysioNet publishes: a constant in the mean "
    "asynchrony, not in its variability."
)


WITHOUT_BEAT = ("continuation", "unpaced", "carry-over")
"""The phases in which a person taps and no beat is given."""

Table = TypeVar("Table", CueTable, OutputTable, ResponseTable)
Part = TypeVar("Part")
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
    """Every measure of a session file: `session`, `timing`, `synchrony`, `gait`, `breathing`,
    `group` and `tapping` (without a beat), null where the session has none; `session.absent` says
    why. With `pairs`, `synchrony.pairs` lists every match.

    `window_s`: only cues, responses and samples in [from, to) count, as for leaving out a walk's
    first seconds; the `timing` block is always that of the whole session. Units are in the keys;
    the `_s` of a moment counts from the start of the session. Raises SessionFileError.
    """
    return analyse_in_full(path, pairs, window_s).blocks


def analyse_in_full(path: Path, pairs: bool = False, window_s: Window = WHOLE) -> Analysis:
    """`analyse`, with the arrays behind the figures. Raises SessionFileError."""
    return measures_of(*load_with_events(path), pairs, window_s)


def measures_of(
    data: SessionData, events_found: bool, pairs: bool = False, window_s: Window = WHOLE
) -> Analysis:
    """`analyse_in_full` of a session in memory, as `load_with_events` gives it."""
    whole, data = data, _within(data, window_s)
    absent: dict[str, str] = {
        "group": "Fewer than two people tapped.",
        "tapping": "Nobody tapped without a beat.",
    }
    cues = reference_cues(data)
    timing = timing_block(whole, cues.reference if cues else None)
    meeting, synchrony = None, None
    group = _group_block(data)
    if group is not None and _task(data) == TapTask.CIRCLE:
        absent["synchrony"] = "Several people tapped to one beat; `group` has each of them."
    elif cues is None or cues.series.index.size < 2:
        absent["synchrony"] = "There were fewer than two cues to meet."
    else:
        meeting = meet(cues.series, series_on(data, answering_channels(data)))
        synchrony = _synchrony_block(data, cues, meeting)
        if pairs:
            synchrony["pairs"] = pairs_in_session(meeting, data.header.started_ns)
    gait = _gait_block(data, events_found)
    if gait is None:
        absent["gait"] = "There were no steps."
    breathing = _breathing_block(data)
    if breathing is None:
        absent["breathing"] = "There was no breathing belt."
    tapping = None if group else _tapping_block(data)
    blocks = {
        "session": {},
        "timing": timing,
        "synchrony": synchrony,
        "gait": gait,
        "breathing": breathing,
        "group": group,
        "tapping": tapping,
    }
    absent = {name: reason for name, reason in absent.items() if blocks[name] is None}
    blocks["session"] = _session_block(data, absent)
    return Analysis(data, cues, meeting, blocks)


def _synchrony_block(data: SessionData, cues: ReferenceCues, meeting: Meeting) -> dict[str, Any]:
    block = synchrony_measures(meeting, cues.latency_ms is not None)
    if _task(data) == TapTask.ECHO:
        # The model and the response to a shift are of a steady beat; an echo's rhythm is none.
        for key in STEADY_BEAT_KEYS:
            block[key] = None
            block["reasons"][key] = "A rhythm to repeat has no steady beat to correct to."
        block["perturbations"] = []
    block["cue_reference"] = cues.reference
    block["cue_latency_ms"] = cues.latency_ms
    if cues.latency_ms is None:
        block["reasons"]["cue_latency_ms"] = "The latency of the output was not measured."
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
    """The session with only the cues, responses and samples in [from, to) seconds of it."""
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
    samples = {
        channel: SampleSeries(series.time_ns[chosen], series.counts[chosen])
        for channel, series in data.samples.items()
        for chosen in (inside(series.time_ns),)
    }
    return replace(data, cues=cues, outputs=outputs, responses=responses, samples=samples)


def _rows(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    """Those rows of a table whose columns are its fields."""
    return replace(table, **{name: column[chosen] for name, column in vars(table).items()})


# --- what the patient did -------------------------------------------------------------------


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
    block["phases"] = _by_phase(data, between)
    for part in block["phases"].values():
        del part["formulas"]  # those of the whole session hold
    block["contacts_from"] = "host, from the force samples" if contacts_detected else "session"
    return block


def _breathing_block(data: SessionData) -> dict[str, Any] | None:
    """Over the whole session and, under `phases`, for each part of it."""
    found = belt_of(data)
    if found is None:
        return None
    belt, inhales_s, exhales_s = found
    pacer = pacer_of(data)

    def between(start_s: float, end_s: float) -> dict[str, Any]:
        return breathing_measures(inhales_s, exhales_s, belt, pacer, (start_s, end_s))

    block = between(-math.inf, math.inf)
    block["phases"] = _by_phase(data, between)
    for part in block["phases"].values():
        del part["formulas"]  # those of the whole session hold
    return block


def pacer_of(data: SessionData) -> Pacer | None:
    """The parts of breaths that were given to their end, as planned."""
    cues = data.cues
    given = np.isin(cues.kind, list(BREATH_KINDS))
    given &= cues.planned_ns + cues.duration_ns <= data.last_ns
    if not given.any():
        return None
    return Pacer(
        kind=cues.kind[given],
        start_s=(cues.planned_ns[given] - data.header.started_ns) / NS_PER_S,
        duration_s=cues.duration_ns[given] / NS_PER_S,
        begin_share=cues.begin_share[given],
    )


def _task(data: SessionData) -> str | None:
    """What the plan asks to do with the pads; None where it does not say."""
    task: str | None = (data.header.plan.get("tap") or {}).get("task")
    return task


def _group_block(data: SessionData) -> dict[str, Any] | None:
    """Only where each pad is a person's: in a circle, and in data that does not say."""
    if data.header.exercise != Exercise.TAP or _task(data) not in (None, TapTask.CIRCLE):
        return None
    taps_ns = {str(pad): data.responses.times_ns(pad) for pad in TAP_CHANNELS}
    block = group_measures(taps_ns)
    if block is None:
        return None

    def between(start_s: float, end_s: float) -> dict[str, Any] | None:
        start_ns, end_ns = (data.header.started_ns + round(s * NS_PER_S) for s in (start_s, end_s))
        return group_measures(
            {name: t[(t >= start_ns) & (t < end_ns)] for name, t in taps_ns.items()}
        )

    return block | {"phases": _by_phase(data, between)}


def _tapping_block(data: SessionData) -> dict[str, Any] | None:
    """Taps that no beat asked for, by the name of the phase."""
    if data.header.exercise != Exercise.TAP:
        return None
    taps_ns = series_on(data, TAP_CHANNELS).time_ns
    spans = [
        (phase.name, phase.start_ns, _phase_end_ns(data, phase.end_ns))
        for phase in data.phases
        if phase.name in WITHOUT_BEAT
    ]
    if not spans and data.header.origin == "import":
        # Nobody named the parts: without cues all of it, else what follows the last cue.
        cues_ns = np.sort(data.cues.planned_ns)
        if not cues_ns.size:
            spans = [("unpaced", data.header.started_ns, data.last_ns + 1)]
        elif cues_ns.size > 1:
            usual_ns = round(median(np.diff(cues_ns)))
            spans = [("continuation", int(cues_ns[-1]) + usual_ns // 2, data.last_ns + 1)]
    block: dict[str, Any] = {}
    for name in dict.fromkeys(name for name, *_ in spans):
        inside = np.zeros(taps_ns.size, dtype=np.bool_)
        for span, start_ns, end_ns in spans:
            inside |= (span == name) & (taps_ns >= start_ns) & (taps_ns < end_ns)
        if inside.any():
            block[name] = own_tapping(taps_ns[inside])
    return block | {"formulas": OWN_TAPPING_FORMULAS} if block else None


def _by_phase(data: SessionData, between: Callable[[float, float], Part]) -> dict[str, Part]:
    """What `between` gives for each phase; a name that comes again gets a number."""
    parts: dict[str, Part] = {}
    seen: Counter[str] = Counter()
    for phase in data.phases:
        seen[phase.name] += 1
        times = seen[phase.name]
        name = phase.name if times == 1 else f"{phase.name} {times}"
        parts[name] = between(
            _since_start_s(data, phase.start_ns),
            _since_start_s(data, _phase_end_ns(data, phase.end_ns)),
        )
    return parts
