"""Which cues of a session count, at which times, and which responses answer them. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS, TAP_CHANNELS, CueKind, Edge
from andante.session.file import SessionData
from andante_host.metrics.synchrony import CueSeries, ResponseSeries

REFERENCE_ORDER = ("sound", "led", "ring")
"""The output whose times are the cues' times: the first of these that gave any."""
PLANNED = "planned"


@dataclass(frozen=True)
class ReferenceCues:
    """The session's cues on the times of one output, `reference`.

    `series` holds every cue, at its planned time where the reference did not give it, so that
    silent stretches keep their places.
    """

    reference: str
    series: CueSeries
    silent_count: int
    not_given_count: int
    doubtful_count: int


def reference_cues(data: SessionData) -> ReferenceCues | None:
    """The cues as the patient met them; None where the session has none.

    Without any output's reports (a session made from somebody else's data) the planned times
    count.
    """
    if not data.cues.index.size:
        return None
    reference = _reference_output(data)
    beat = data.cues.kind == CueKind.BEAT
    time_ns = data.cues.planned_ns.copy()
    given, sure = beat.copy(), beat.copy()
    if reference != PLANNED:
        table = data.outputs[reference]
        position = np.searchsorted(data.cues.index, table.cue_index[table.given])
        time_ns[position] = table.actual_ns[table.given]
        given[:] = False
        given[position] = beat[position]
        sure = given.copy()
        sure[position[table.fault[table.given] != ""]] = False
    order = np.argsort(time_ns, kind="stable")
    return ReferenceCues(
        reference=reference,
        series=CueSeries(data.cues.index[order], time_ns[order], sure[order]),
        silent_count=int((~beat).sum()),
        not_given_count=int((beat & ~given).sum()),
        doubtful_count=int((given & ~sure).sum()),
    )


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
