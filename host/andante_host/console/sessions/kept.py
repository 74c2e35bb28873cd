"""Rows of `session_index`: which still hold, what they say, and what stands in them. Pure."""

import sqlite3
from collections.abc import Sequence

import msgspec

from andante.commands import Item
from andante.session.file import SelfReport
from andante_host.archive.folder import FoundFile
from andante_host.archive.jobs import Summarise
from andante_host.archive.summary import (
    RUNNING,
    WAITING,
    State,
    Summary,
    Value,
    measures_version,
)
from andante_host.console.patients.self_reports import KeptReport
from andante_host.report.happened import feelings

_ITEMS = frozenset(Item)
_UNREAD_WORDS = {State.RUNNING: RUNNING, State.WAITING: WAITING}


def is_current(found: FoundFile, row: sqlite3.Row | None) -> bool:
    """Whether its row says what the file holds; of one that runs, that it does."""
    if row is None:
        return False
    if found.is_running or row["state"] == State.RUNNING:
        return found.is_running and row["state"] == State.RUNNING
    if row["state"] == State.WAITING or row["version"] != measures_version():
        return False
    same: bool = (row["size_bytes"], row["modified_ns"]) == (found.size_bytes, found.modified_ns)
    return same


def is_news(found: FoundFile, row: sqlite3.Row | None) -> bool:
    """Whether its row does not say yet that it waits or runs."""
    return row is None or row["state"] != _unread_state(found)


def _unread_state(found: FoundFile) -> State:
    return State.RUNNING if found.is_running else State.WAITING


def unread_row(found: FoundFile) -> tuple[object, ...]:
    """File, size, time, version, state and summary of what was not read yet."""
    state = _unread_state(found)
    summary = Summary(file=found.name, size_bytes=found.size_bytes, state=state)
    return (
        found.name,
        found.size_bytes,
        found.modified_ns,
        measures_version(),
        state,
        _json(msgspec.structs.replace(summary, sentence=_UNREAD_WORDS[state])),
    )


def summary_of(row: sqlite3.Row) -> Summary:
    """As kept; figures of a file that has changed since are not shown."""
    kept = msgspec.json.decode(row["summary"], type=Summary)
    state = State(row["state"])
    if state == kept.state:
        return kept
    return Summary(
        file=kept.file,
        size_bytes=kept.size_bytes,
        state=state,
        sentence=_UNREAD_WORDS[state],
        patient_code=kept.patient_code,
        exercise=kept.exercise,
        is_import=kept.is_import,
        started_utc=kept.started_utc,
        simulated_parts=kept.simulated_parts,
    )


def with_told(summary: Summary, told: Sequence[KeptReport]) -> Summary:
    """With what was told after the session, which counts more than what the file has."""
    if not told or not summary.has_figures:
        return summary
    scores = {(value.key, value.part): value for value in summary.values}
    scores |= {
        (str(each.item), str(each.moment)): Value(each.item, each.moment, each.score)
        for each in told
    }
    felt = [
        SelfReport(0, moment, item, round(value.value))
        for (item, moment), value in scores.items()
        if item in _ITEMS
    ]
    return msgspec.structs.replace(
        summary, values=tuple(scores.values()), feelings=tuple(feelings(felt))
    )


def read_row(job: Summarise, summary: Summary) -> tuple[object, ...]:
    """Size, time, version, state, patient code, exercise, simulated, start and summary."""
    started = summary.started_utc
    return (
        job.size_bytes,
        job.modified_ns,
        measures_version(),
        summary.state,
        summary.patient_code,
        summary.exercise,
        summary.simulated,
        None if started is None else f"{started:%Y-%m-%dT%H:%M:%SZ}",
        _json(summary),
    )


def _json(summary: Summary) -> str:
    return msgspec.json.encode(summary).decode()
