"""A session as CSV tables with a data dictionary, a Frictionless Data Package.

https://specs.frictionlessdata.io/data-package/ and `/table-schema/`, version 1. Times are seconds
from the start of the session with all nine digits; `started_ns` in `datapackage.json` is that start
on the session's own clock.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from andante.errors import AndanteError
from andante.session.file import MISSING, NOT_GIVEN, SessionData, load_session
from andante.timebase import NS_PER_S
from andante_host.analysis import Analysis, measures_of
from andante_host.export.cells import Cell, write_csv
from andante_host.export.flat import flat
from andante_host.export.whole import whole_folder
from andante_host.found_events import load_with_events

_NS_DIGITS = -9
DICTIONARY = "datapackage.json"
_TEXT_RULE = (
    "A cell of text that begins with =, +, -, @, a tab or a line's end has an apostrophe before "
    "it, so that a spreadsheet program does not take it for a formula; numbers never have."
)
Row = Sequence[Cell]


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    description: str
    unit: str | None = None


@dataclass(frozen=True)
class _Table:
    name: str
    description: str
    columns: tuple[_Column, ...]
    rows: Callable[[Analysis, SessionData], Iterable[Row]]


def export_csv(session: Path, out: Path) -> list[Path]:
    """Write the tables of a session and their dictionary into the new folder `out`; the files.

    The folder is there whole or not at all. Tables without a row are left out. Raises AndanteError,
    also where `out` exists and is not an empty folder.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise AndanteError(f"{out} exists already; name a new folder with --out.")
    data, found = load_with_events(session)
    analysis = measures_of(data, found, pairs=True)
    raw = load_session(session)
    resources = []
    names = []
    with whole_folder(out) as folder:
        for table in (*_TABLES, *(_samples_table(channel) for channel in sorted(raw.samples))):
            rows = list(table.rows(analysis, raw))
            if not rows:
                continue
            file = f"{table.name}.csv"
            write_csv(folder / file, [column.name for column in table.columns], rows)
            resources.append(_resource(table, file))
            names.append(file)
        package = _package(session, raw, resources)
        text = msgspec.json.format(msgspec.json.encode(package), indent=2)
        (folder / DICTIONARY).write_bytes(text + b"\n")
    return [out / name for name in (*names, DICTIONARY)]


def _package(session: Path, raw: SessionData, resources: list[dict[str, Any]]) -> dict[str, Any]:
    header = raw.header
    return {
        "profile": "tabular-data-package",
        "name": "".join(c if c.isalnum() or c in "-_." else "-" for c in session.stem.lower()),
        "title": f"Andante session {session.name}",
        "description": _TEXT_RULE,
        "exercise": header.exercise,
        "patient_code": header.patient_code,
        "origin": header.origin,
        "started_utc": None if header.origin == "import" else header.started_utc.isoformat(),
        "started_ns": header.started_ns,
        "simulated_parts": list(header.simulated_parts),
        "complete": raw.complete,
        "hardware": header.hardware,
        "versions": header.versions,
        "plan": header.plan,
        "resources": resources,
    }


def _resource(table: _Table, file: str) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "path": file,
        "description": table.description,
        "format": "csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "header": True},
        "schema": {
            "fields": [
                {
                    "name": column.name,
                    "type": column.type,
                    "description": column.description,
                    **({} if column.unit is None else {"unit": column.unit}),
                }
                for column in table.columns
            ],
            "missingValues": [""],
        },
    }


# --- the tables -----------------------------------------------------------------------------


def _since_start_s(raw: SessionData, time_ns: int | None) -> Cell:
    if time_ns is None or time_ns == NOT_GIVEN:
        return None
    return _seconds(int(time_ns) - raw.header.started_ns)


def _seconds(duration_ns: int) -> Decimal:
    """Seconds with all nine digits."""
    return Decimal(duration_ns).scaleb(_NS_DIGITS)


def _known(value: int) -> Cell:
    return None if value == MISSING else value


def _measures(analysis: Analysis, _: SessionData) -> Iterable[Row]:
    for name, value in flat(analysis.blocks).items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        said = None if value is None or number else str(value)
        yield name, value if number else None, said


def _pairs(analysis: Analysis, _: SessionData) -> Iterable[Row]:
    for pair in (analysis.blocks["synchrony"] or {}).get("pairs", []):
        yield tuple(pair.values())


def _phases(_: Analysis, raw: SessionData) -> Iterable[Row]:
    for phase in raw.phases:
        yield phase.name, _since_start_s(raw, phase.start_ns), _since_start_s(raw, phase.end_ns)


def _cues(_: Analysis, raw: SessionData) -> Iterable[Row]:
    cues = raw.cues
    columns = (cues.index, cues.planned_ns, cues.kind, cues.phase, cues.sound, cues.duration_ns)
    for index, planned_ns, kind, phase, sound, duration_ns in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        planned_s = _since_start_s(raw, planned_ns)
        yield index, planned_s, kind, phase, sound, _seconds(duration_ns)


def _outputs(_: Analysis, raw: SessionData) -> Iterable[Row]:
    for name, table in raw.outputs.items():
        columns = (table.cue_index, table.actual_ns, table.uncertainty_us, table.fault)
        for index, actual_ns, uncertainty_us, fault in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            yield index, name, _since_start_s(raw, actual_ns), uncertainty_us, fault or None


def _responses(analysis: Analysis, raw: SessionData) -> Iterable[Row]:
    """Also those that were found in the samples."""
    found = analysis.data.responses
    columns = (
        found.index,
        found.time_ns,
        found.channel,
        found.edge,
        found.uncertainty_us,
        found.peak_counts,
        found.duration_ticks,
    )
    for index, time_ns, channel, edge, uncertainty_us, peak, ticks in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        duration_s = (
            None if ticks == MISSING else _seconds(round(ticks * NS_PER_S / raw.header.tick_hz))
        )
        time_s = _since_start_s(raw, time_ns)
        yield index, time_s, channel, edge, uncertainty_us, _known(peak), duration_s


def _tempos(_: Analysis, raw: SessionData) -> Iterable[Row]:
    for change in raw.tempo_changes:
        yield _since_start_s(raw, change.time_ns), change.tempo_per_minute, change.reason


def _notes(_: Analysis, raw: SessionData) -> Iterable[Row]:
    for note in raw.notes:
        yield _since_start_s(raw, note.time_ns), note.author_role, note.text


def _self_reports(_: Analysis, raw: SessionData) -> Iterable[Row]:
    for report in raw.self_reports:
        yield _since_start_s(raw, report.time_ns), report.moment, report.item, report.score


def _faults(_: Analysis, raw: SessionData) -> Iterable[Row]:
    for fault in raw.faults:
        yield (
            _since_start_s(raw, fault.time_ns),
            str(fault.kind),
            fault.part,
            fault.text,
            fault.count,
        )


def _samples_table(channel: str) -> _Table:
    def rows(_: Analysis, raw: SessionData) -> Iterable[Row]:
        series = raw.samples[channel]
        scale = raw.header.hardware.get("units_per_count", {}).get(channel)
        known = series.time_ns != NOT_GIVEN
        order = np.argsort(series.time_ns[known], kind="stable")
        time_ns, counts = series.time_ns[known][order], series.counts[known][order]
        for time, count in zip(time_ns.tolist(), counts.tolist(), strict=True):
            yield _since_start_s(raw, time), count, None if scale is None else count * scale

    return _Table(
        f"samples-{channel}",
        f"Raw samples of the channel {channel}.",
        (
            _TIME,
            _Column("value_counts", "integer", "Raw counts of the converter", "counts"),
            _Column("value", "number", "In the unit of the imported file; empty if not imported"),
        ),
        rows,
    )


_TIME = _Column("time_s", "number", "From the start of the session", "s")
_UNCERTAINTY = _Column("uncertainty_us", "number", "How well the time is known", "us")
_CUE = _Column("cue_index", "integer", "Number of the cue, as in the table cues")

_TABLES = (
    _Table(
        "measures",
        "Every measure; the end of a name gives its unit. Empty: the session does not tell it.",
        (
            _Column("name", "string", "Block and measure, joined by points"),
            _Column("number", "number", "The figure, in the unit that its name ends in"),
            _Column("text", "string", "Where it is no number"),
        ),
        _measures,
    ),
    _Table(
        "pairs",
        "Cues and the responses that met them.",
        (
            _CUE,
            _Column("cue_time_s", "number", "Cue, from the start of the session", "s"),
            _Column("response_index", "integer", "Number of the response, as in responses"),
            _Column("response_time_s", "number", "Response, from the start of the session", "s"),
            _Column("asynchrony_ms", "number", "Response less cue; negative is early", "ms"),
        ),
        _pairs,
    ),
    _Table(
        "phases",
        "The named parts of the session.",
        (
            _Column("name", "string", "Name of the phase"),
            _Column("start_s", "number", "Its start", "s"),
            _Column("end_s", "number", "Its end, which belongs to the next; empty: cut off", "s"),
        ),
        _phases,
    ),
    _Table(
        "cues",
        "Every cue as planned.",
        (
            _CUE,
            _Column("planned_s", "number", "Planned, from the start of the session", "s"),
            _Column("kind", "string", "What the cue asks for, as in docs/session-file.md"),
            _Column("phase", "string", "The phase it belongs to"),
            _Column("sound", "string", "The name of its sound"),
            _Column("duration_s", "number", "0 for what has a moment and no length", "s"),
        ),
        _cues,
    ),
    _Table(
        "cue-outputs",
        "What each output made of each cue.",
        (
            _CUE,
            _Column("output", "string", "sound, led, ring or haptic"),
            _Column("actual_s", "number", "When it was given; empty: it was not", "s"),
            _UNCERTAINTY,
            _Column("fault", "string", "What went wrong near it"),
        ),
        _outputs,
    ),
    _Table(
        "responses",
        "Every press and release, or those found in the samples.",
        (
            _Column("response_index", "integer", "Number of the response"),
            _TIME,
            _Column("channel", "string", "left, right, tap1 to tap4"),
            _Column("edge", "string", "on: contact or tap; off: release"),
            _UNCERTAINTY,
            _Column("peak_counts", "integer", "Largest raw count of the press", "counts"),
            _Column("duration_s", "number", "Length of the press", "s"),
        ),
        _responses,
    ),
    _Table(
        "tempo-changes",
        "Tempo and why it changed.",
        (
            _TIME,
            _Column("tempo_per_minute", "number", "Steps, taps or breaths; empty: no cues", "/min"),
            _Column("reason", "string", "Why"),
        ),
        _tempos,
    ),
    _Table(
        "notes",
        "Remarks.",
        (
            _TIME,
            _Column("author_role", "string", "Who made it, by role"),
            _Column("text", "string", "The remark"),
        ),
        _notes,
    ),
    _Table(
        "self-reports",
        "What the patient said.",
        (
            _TIME,
            _Column("moment", "string", "before or after"),
            _Column("item", "string", "What was asked"),
            _Column("score", "integer", "0 to 10"),
        ),
        _self_reports,
    ),
    _Table(
        "faults",
        "What went wrong.",
        (
            _TIME,
            _Column("kind", "string", "What kind of fault"),
            _Column("part", "string", "Which part"),
            _Column("text", "string", "In words"),
            _Column("count", "integer", "How many times"),
        ),
        _faults,
    ),
)
