"""Somebody else's file to a finished session file."""

from dataclasses import replace
from pathlib import Path

from andante.errors import SessionFileError, SignalFileError
from andante.plan import Exercise
from andante.ports import FOOT_CHANNELS, Channel, Cue, Edge, Response
from andante.session.certificate import certificate_of
from andante.session.file import SessionHeader, load_session
from andante.session.writer import SessionWriter
from andante.signal_file import ForceRecording, read_signal
from andante.timebase import NS_PER_S, Clock, seconds_to_ns
from andante.version import installed_version
from andante_host.imports import midi, wfdb_records, xdf
from andante_host.imports.content import (
    Content,
    ImportOptions,
    Sampled,
    Unit,
    refuse_feet_with_taps,
    refuse_unlikely_rate,
)
from andante_host.imports.csv_text import csv_rows
from andante_host.imports.events import COLUMNS as EVENT_COLUMNS
from andante_host.imports.events import read_events
from andante_host.imports.samples import to_blocks

PHASE = "recording"
NOTHING_SAID = ImportOptions()


def import_file(
    source: Path, out: Path, clock: Clock, options: ImportOptions = NOTHING_SAID
) -> str:
    """Write the session file `out` from `source` and return what was imported, in words.

    The kind is told by the end of the name (`.hea` a WFDB record, `.xdf`, `.mid`), and of a CSV by
    its columns: `event,time_s[,channel]`, `time_s,left,right` or `time_s,belt`. The times in the
    session are those of the file. Raises SignalFileError for the source and SessionFileError for
    `out`, which is replaced, but only by a whole session.
    """
    content = _read(source, options)
    refuse_feet_with_taps(source, content)
    _write(source, out, content, clock)
    return _in_words(content)


def _read(source: Path, options: ImportOptions) -> Content:
    suffix = source.suffix.lower()
    if suffix == wfdb_records.SUFFIX:
        return wfdb_records.read_wfdb(source, options)
    if suffix in xdf.SUFFIXES:
        return xdf.read_xdf(source, options)
    if suffix in midi.SUFFIXES:
        return midi.read_midi(source, options)
    options.refuse_unused(source, "unit")
    with csv_rows(source) as (names, _):
        columns = set(names)
    if columns & set(EVENT_COLUMNS[:1]):
        return read_events(source, options.unit)
    if columns & {"left", "left_counts", "belt"}:
        return _signal(source, options.unit)
    raise SignalFileError(
        f"{source} has the columns {', '.join(names)}; needed are event,time_s[,channel] or "
        "time_s,left,right or time_s,belt."
    )


def _signal(source: Path, unit: Unit | None) -> Content:
    recording = read_signal(source)
    per_s = (unit or Unit.S).per_s
    time_s, rate_hz = recording.time_s / per_s, recording.rate_hz * per_s
    if unit is None:
        refuse_unlikely_rate(source, rate_hz)
    if isinstance(recording, ForceRecording):
        values = {Channel.LEFT_FOOT: recording.left, Channel.RIGHT_FOOT: recording.right}
    else:
        values = {Channel.BELT: recording.belt}
    return Content(samples={c: Sampled(time_s, series, rate_hz) for c, series in values.items()})


def _in_words(content: Content) -> str:
    words = []
    if content.cue_ns or content.responses:
        words.append(f"{len(content.cue_ns)} cues and {len(content.responses)} responses")
        times_ns = [content.cue_ns, tuple(time_ns for time_ns, _ in content.responses)]
        if any(tuple(sorted(series)) != series for series in times_ns):
            words.append("which were not in order of time and are taken by their times")
    if content.samples:
        count = max(sampled.time_s.size for sampled in content.samples.values())
        words.append(f"{count} samples of {' and '.join(content.samples)}")
    return ", ".join(words)


def _exercise(content: Content) -> Exercise:
    if Channel.BELT in content.samples:
        return Exercise.BREATHE
    channels = {channel for _, channel in content.responses} | set(content.samples)
    return Exercise.WALK if channels & set(FOOT_CHANNELS) else Exercise.TAP


def _span_ns(content: Content) -> tuple[int, int]:
    times_ns = [*content.cue_ns, *(time_ns for time_ns, _ in content.responses)]
    for sampled in content.samples.values():
        times_ns += [seconds_to_ns(float(sampled.time_s[end])) for end in (0, -1)]
    return min(times_ns), max(times_ns)


def _write(source: Path, out: Path, content: Content, clock: Clock) -> None:
    scaled = {
        channel: to_blocks(channel, sampled.time_s, sampled.values, sampled.rate_hz)
        for channel, sampled in content.samples.items()
    }
    first_ns, last_ns = _span_ns(content)
    header = SessionHeader(
        origin="import",
        exercise=_exercise(content),
        patient_code="unknown",
        plan={},
        started_utc=clock.utc_now(),  # of the import: the file does not say its day
        started_ns=0,
        tick_hz=NS_PER_S,  # ticks are nanoseconds on the file's own clock
        hardware={"imported_from": source.name, **content.said},
        versions={"andante": installed_version()},
    )
    if scaled:
        units_per_count = {str(channel): s.units_per_count for channel, s in scaled.items()}
        header = replace(header, hardware={**header.hardware, "units_per_count": units_per_count})
    part = out.with_name(f".{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        writer = SessionWriter(part, header)
        try:
            writer.begin_phase(PHASE, first_ns)
            writer.add_cues((Cue(n, time_ns), PHASE) for n, time_ns in enumerate(content.cue_ns))
            writer.add_responses(
                Response(channel, Edge.ON, 0, n, ticks=time_ns, time_ns=time_ns, uncertainty_us=0.0)
                for n, (time_ns, channel) in enumerate(content.responses)
            )
            for samples in scaled.values():
                writer.add_samples(samples.blocks)
            writer.commit()
            writer.finish(last_ns, "imported", certificate_of(load_session(part)))
            part.replace(out)
        except BaseException:
            writer.abandon()
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SessionFileError(
            f"The session file {out} cannot be written: {error.strerror}; choose another place."
        ) from None
