"""Plays, flashes and listens: cues through real outputs, onsets through the sensor board.

The caller starts outputs and board and stops them; here cues are handed out well ahead, as in a
session, and reports and onsets are gathered until all are in. All outputs get the same cues at
the same time, as a patient gets them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from andante.calibration.estimate import SEARCH_TO_NS, Observation
from andante.clocksync import CentredSync
from andante.errors import AndanteError
from andante.ports import (
    Board,
    Channel,
    ClockProbe,
    Cue,
    CueOutput,
    CueReport,
    Edge,
    Fault,
    FaultKind,
    Response,
)
from andante.timebase import NS_PER_MS, NS_PER_S, Clock

SENSORS: Mapping[str, Channel] = MappingProxyType(
    {"sound": Channel.SOUND_LINE, "led": Channel.PHOTODIODE, "ring": Channel.PHOTODIODE}
)
"""The input of the sensor board that feels each output."""

CUE_COUNT = 60
WARM_UP_CUES = 10
"""The first cues are given and not counted: over them the sound rises to its volume."""
LEAD_NS = 250 * NS_PER_MS
"""How far ahead cues are handed out, as in a session."""
INTERVAL_NS = NS_PER_S // 2
JITTER_NS = NS_PER_S // 5
"""Cues lie on no even grid, so that they cannot beat with a buffer or with the mains. No second
holds more than three of them."""
_GOLDEN_RATIO = 0.6180339887498949
_BEGIN_NS = NS_PER_S // 2
_LOOK_NS = 20 * NS_PER_MS
_LAST_ONSETS_NS = SEARCH_TO_NS + NS_PER_S // 2
_REPORTS_NS = 5 * NS_PER_S

_SPOILING = frozenset(
    {
        FaultKind.LINK_LOST,
        FaultKind.BOARD_RESTARTED,
        FaultKind.EVENTS_LOST,
        FaultKind.OUTPUT_FAILED,
    }
)


class CalibrationError(AndanteError):
    """A measurement that could not be carried through."""


@dataclass
class _Gathered:
    reports: dict[str, dict[int, CueReport]] = field(default_factory=dict)
    responses: list[Response] = field(default_factory=list)
    probes: list[ClockProbe] = field(default_factory=list)

    def look(self, outputs: Sequence[CueOutput], board: Board) -> None:
        """Take what has come. Raises CalibrationError where it can lead to nothing."""
        faults: list[Fault] = []
        for output in outputs:
            given = self.reports.setdefault(output.name, {})
            given |= {report.cue_index: report for report in output.take_reports()}
            output.take_audio_timing()
            faults += output.take_faults()
        news = board.take_news()
        self.responses += news.responses
        self.probes += news.probes
        for fault in (*faults, *news.faults):
            if fault.kind in _SPOILING:
                raise CalibrationError(f"The measurement was spoilt: {fault.text} Start again.")

    def complete(self, cue_count: int) -> bool:
        return all(len(given) == cue_count for given in self.reports.values())


def cue_times_ns(start_ns: int, count: int) -> list[int]:
    """When the cues fall, each from its own number alone: 2 a second, up to 0.1 s off the grid."""
    return [
        start_ns + k * INTERVAL_NS + round(((k * _GOLDEN_RATIO) % 1.0 - 0.5) * JITTER_NS)
        for k in range(count)
    ]


def observe(
    outputs: Sequence[CueOutput],
    board: Board,
    clock: Clock,
    cue_count: int = CUE_COUNT,
    on_progress: Callable[[int, int], None] = lambda _given, _count: None,
) -> dict[str, Observation]:
    """Give `cue_count` cues to all outputs and listen; by the name of the output.

    Takes half a second a cue. `on_progress` is told how many cues of how many have been given.
    Raises CalibrationError where no sensor feels an output, two outputs share one, or the board
    or an output fails under way; ValueError where `cue_count` leaves nothing after the warm-up.
    """
    if cue_count <= WARM_UP_CUES:
        raise ValueError(f"a calibration needs more than {WARM_UP_CUES} cues, not {cue_count}")
    channels = _channels_of(outputs)
    planned_ns = cue_times_ns(clock.now_ns() + LEAD_NS + _BEGIN_NS, cue_count)
    gathered = _Gathered()
    listened_ns = planned_ns[-1] + _LAST_ONSETS_NS
    deadline_ns = planned_ns[-1] + _REPORTS_NS
    handed_out = 0
    while (now_ns := clock.now_ns()) < listened_ns or not gathered.complete(cue_count):
        if now_ns > deadline_ns:
            raise CalibrationError(_silent_output(gathered, cue_count))
        while handed_out < cue_count and planned_ns[handed_out] <= now_ns + LEAD_NS:
            for output in outputs:
                output.schedule(Cue(handed_out, planned_ns[handed_out]))
            handed_out += 1
        gathered.look(outputs, board)
        on_progress(int(np.searchsorted(planned_ns, now_ns)), cue_count)
        clock.sleep_until_ns(now_ns + _LOOK_NS)
    return {
        name: _observation(gathered, board, planned_ns, name, channel)
        for name, channel in channels.items()
    }


def _channels_of(outputs: Sequence[CueOutput]) -> dict[str, Channel]:
    names = [output.name for output in outputs]
    deaf = [name for name in names if name not in SENSORS]
    if deaf:
        raise CalibrationError(
            f"The sensor board has no input that feels {deaf[0]}; choose from {', '.join(SENSORS)}."
        )
    channels = {name: SENSORS[name] for name in names}
    if len(set(channels.values())) < len(names):
        raise CalibrationError(
            "There is one photodiode: calibrate led and ring one after the other, with the "
            "photodiode held against the one in question."
        )
    return channels


def _silent_output(gathered: _Gathered, cue_count: int) -> str:
    silent = [name for name, given in gathered.reports.items() if len(given) < cue_count]
    return (
        f"The output {silent[0]} gave no account of {cue_count - len(gathered.reports[silent[0]])} "
        "cues; see whether it is still connected, and start again."
    )


def _observation(
    gathered: _Gathered, board: Board, planned_ns: Sequence[int], name: str, channel: Channel
) -> Observation:
    info = board.info
    assert info is not None  # the board is started
    actual_ns = [
        report.actual_ns
        for index, report in sorted(gathered.reports[name].items())
        if index >= WARM_UP_CUES and report.actual_ns is not None and report.fault is None
    ]
    ticks = [
        response.ticks
        for response in gathered.responses
        if response.channel is channel and response.edge is Edge.ON
    ]
    # Translated anew with the whole measurement in view, as a session's responses are.
    sync = CentredSync(gathered.probes, info.tick_hz)
    onset_ns, _ = sync.translate(np.array(sorted(ticks), dtype=np.int64))
    return Observation(
        planned_ns=np.array(planned_ns[WARM_UP_CUES:], dtype=np.int64),
        actual_ns=np.array(actual_ns, dtype=np.int64),
        onset_ns=onset_ns,
    )
