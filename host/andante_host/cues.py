"""Which cues of a session count, at which times, and which responses answer them. Pure."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS, TAP_CHANNELS, CueKind, Edge
from andante.session.file import CueTable, SessionData
from andante.session.latency import latencies_in
from andante.timebase import NS_PER_MS
from andante_host.metrics.synchrony import CueSeries, ResponseSeries

REFERENCE_ORDER = ("sound", "led", "ring", "haptic")
"""The output whose times are the cues' times: the first of these that gave any."""
PLANNED = "planned"


@dataclass(frozen=True)
class ReferenceCues:
    """The session's cues on the times of one output, `reference`.

    `series` holds every beat, silent and expected ones too, at its planned time where the
    reference did not give it, so that silent stretches keep their places. `latency_ms` is the
    measured time from what the output reports to what reaches the patient: it is in the times
    already, which are then those of the patient's ear or eye. None: not measured, and the times
    are the output's.
    """

    reference: str
    series: CueSeries
    silent_count: int
    not_given_count: int
    doubtful_count: int
    latency_ms: float | None = None


def reference_cues(data: SessionData) -> ReferenceCues | None:
    """The beats as the patient met them; None where the session has none.

    Expected beats count although no output gives them. Notes are music that nobody is asked to
    meet, and the parts of a breath are not met at a moment: neither is a beat. Without any
    output's reports (a session made from somebody else's data) the planned times count. Raises
    SessionFileError where the header's latencies cannot be understood.
    """
    cues = _beats(data.cues)
    if not cues.index.size:
        return None
    reference = _reference_output(data)
    beat = cues.kind == CueKind.BEAT
    time_ns = cues.planned_ns.copy()
    # What the patient was asked to meet without being given it counts at its planned time.
    expected = cues.kind == CueKind.EXPECTED
    given, sure = beat.copy(), beat | expected
    latency_ms = None
    if reference != PLANNED:
        table = data.outputs[reference]
        met = table.given & np.isin(table.cue_index, cues.index)
        position = np.searchsorted(cues.index, table.cue_index[met])
        time_ns[position] = table.actual_ns[met]
        given[:] = False
        given[position] = beat[position]
        sure = given | expected
        sure[position[table.fault[met] != ""]] = False
        latency = latencies_in(data.header.hardware).get(reference)
        if latency is not None:
            latency_ms = latency.latency_ms
            time_ns += round(latency_ms * NS_PER_MS)
    order = np.argsort(time_ns, kind="stable")
    return ReferenceCues(
        reference=reference,
        series=CueSeries(cues.index[order], time_ns[order], (sure | expected)[order]),
        silent_count=int((~beat & ~expected).sum()),
        not_given_count=int((beat & ~given).sum()),
        doubtful_count=int((given & ~sure).sum()),
        latency_ms=latency_ms,
    )


def _beats(cues: CueTable) -> CueTable:
    chosen = np.isin(cues.kind, [CueKind.BEAT, CueKind.SILENT, CueKind.EXPECTED])
    return replace(cues, **{name: column[chosen] for name, column in vars(cues).items()})


def _reference_output(data: SessionData) -> str:
    for name in REFERENCE_ORDER:
        if name in data.outputs and data.outputs[name].given.any():
            return name
    # Reports without a single cue given: nothing was given, on whichever output comes first.
    return next((name for name in REFERENCE_ORDER if name in data.outputs), PLANNED)


def answering_channels(data: SessionData) -> tuple[str, ...]:
    """The channels whose `on` edges answer the cues: feet in a walk, else pads."""
    walking = data.header.exercise == Exercise.WALK
    return tuple(FOOT_CHANNELS if walking else TAP_CHANNELS)


def series_on(data: SessionData, channels: tuple[str, ...]) -> ResponseSeries:
    """All contacts or taps on these channels in order of time."""
    responses = data.responses
    chosen: npt.NDArray[np.bool_] = np.isin(responses.channel, list(channels))
    chosen &= responses.edge == Edge.ON
    return ResponseSeries(
        responses.index[chosen], responses.time_ns[chosen], responses.channel[chosen]
    )
