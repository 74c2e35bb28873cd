"""Somebody else's file to a finished session file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andante.errors import SessionFileError, SignalFileError
from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS, Channel, Cue, Edge, Response
from andante.session.certificate import certificate_of
from andante.session.file import SessionHeader, load_session
from andante.session.writer import SessionWriter
from andante.signal_file import ForceRecording, read_signal
from andante.timebase import NS_PER_S, Clock, seconds_to_ns
from andante.version import installed_version
from andante_host.imports.csv_text import csv_rows
from andante_host.imports.events import COLUMNS as EVENT_COLUMNS
from andante_host.imports.events import read_events
from andante_host.imports.samples import to_blocks

PHASE = "recording"
BREATHING = "breathe"


@dataclass(frozen=True)
class _Content:
    """What goes into the session; times in ns on the file's own clock."""

    in_words: str
    exercise: str
    hardware: dict[str, Any]
    first_ns: int
    last_ns: int
    fill: Callable[[SessionWriter], None]


def import_file(source: Path, out: Path, clock: Clock) -> str:
    """Write the session file `out` from `source` and return what was imported, in words.

    The kind is told by the columns: `event,time_s[,channel]`, `time_s,left,right` or
    `time_s,belt`. The times in the session are those of the file. Raises SignalFileError for the
    source and SessionFileError for `out`, which is replaced, but only by a whole session.
    """
    with csv_rows(source) as (names, _):
        columns = set(names)
    if columns & set(EVENT_COLUMNS[:1]):
        content = _events(source)
    elif columns & {"left", "left_counts", "belt"}:
        content = _signal(source)
    else:
        raise SignalFileError(
            f"{source} has the columns {', '.join(names)}; needed are event,time_s[,channel] or "
            "time_s,left,right or time_s,belt."
        )
    _write(source, out, content, clock)
    return content.in_words


def _events(source: Path) -> _Content:
    events = read_events(source)
    feet = [channel in FOOT_CHANNELS for _, channel in events.responses]
    if any(feet) and not all(feet):
        raise SignalFileError(
            f"{source} has responses of feet and of taps; make two files and import each."
        )

    def fill(writer: SessionWriter) -> None:
        writer.add_cues((Cue(n, time_ns), PHASE) for n, time_ns in enumerate(events.cue_ns))
        writer.add_responses(
            Response(channel, Edge.ON, 0, n, ticks=time_ns, time_ns=time_ns, uncertainty_us=0.0)
            for n, (time_ns, channel) in enumerate(events.responses)
        )

    times_ns = [*events.cue_ns, *(time_ns for time_ns, _ in events.responses)]
    return _Content(
        in_words=f"{len(events.cue_ns)} cues and {len(events.responses)} responses",
        exercise=Exercise.WALK if any(feet) else Exercise.TAP,
        hardware={},
        first_ns=min(times_ns),
        last_ns=max(times_ns),
        fill=fill,
    )


def _signal(source: Path) -> _Content:
    recording = read_signal(source)
    if isinstance(recording, ForceRecording):
        values = {Channel.LEFT_FOOT: recording.left, Channel.RIGHT_FOOT: recording.right}
    else:
        values = {Channel.BELT: recording.belt}
    scaled = {
        channel: to_blocks(channel, recording.time_s, series, recording.rate_hz)
        for channel, series in values.items()
    }

    def fill(writer: SessionWriter) -> None:
        for samples in scaled.values():
            writer.add_samples(samples.blocks)

    return _Content(
        in_words=f"{recording.time_s.size} samples of {' and '.join(values)}",
        exercise=BREATHING if Channel.BELT in values else Exercise.WALK,
        hardware={
            "units_per_count": {
                channel: samples.units_per_count for channel, samples in scaled.items()
            }
        },
        first_ns=seconds_to_ns(float(recording.time_s[0])),
        last_ns=seconds_to_ns(float(recording.time_s[-1])),
        fill=fill,
    )


def _write(source: Path, out: Path, content: _Content, clock: Clock) -> None:
    header = SessionHeader(
        origin="import",
        exercise=content.exercise,
        patient_code="unknown",
        plan={},
        started_utc=clock.utc_now(),  # of the import: the file does not say its day
        started_ns=0,
        tick_hz=NS_PER_S,  # ticks are nanoseconds on the file's own clock
        hardware={"imported_from": source.name, **content.hardware},
        versions={"andante": installed_version()},
    )
    part = out.with_name(f".{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        writer = SessionWriter(part, header)
        try:
            writer.begin_phase(PHASE, content.first_ns)
            content.fill(writer)
            writer.commit()
            writer.finish(content.last_ns, "imported", certificate_of(load_session(part)))
            part.replace(out)
        except BaseException:
            writer.abandon()
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SessionFileError(
            f"The session file {out} cannot be written: {error.strerror}; choose another place."
        ) from None
