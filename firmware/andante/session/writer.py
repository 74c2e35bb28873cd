"""Writing a session file: one connection, one thread, nothing lost once committed."""

import itertools
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from andante.errors import SessionFileError
from andante.ports import AudioTiming, ClockProbe, Cue, CueReport, Fault, Response, SampleBlock
from andante.session.file import Note, SelfReport, SessionHeader, TempoChange
from andante.session.schema import APPLICATION_ID, FORMAT_VERSION, SCHEMA

_FOLD_TRIES = 40
_FOLD_PAUSE_S = 0.05


class SessionWriter:
    """The one connection that writes a session file. Belongs to one thread.

    Nothing is on disk until `commit`; after `finish` the file is complete, without a journal
    beside it, and read-only.
    """

    def __init__(self, path: Path, header: SessionHeader) -> None:
        """Create the file. Raises SessionFileError where that cannot be done or it exists."""
        self.path = path
        if path.exists():
            raise SessionFileError(f"{path} exists already; choose another name.")
        self._response_index = itertools.count()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=False)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            self._db.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise SessionFileError(f"The session file {path} cannot be made: {error}.") from None
        self._db.execute("BEGIN")
        self._db.execute(
            "INSERT INTO session VALUES (1, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, ?, NULL)",
            (
                header.origin,
                header.exercise,
                header.patient_code,
                _to_json(header.plan),
                header.started_utc.isoformat(timespec="milliseconds"),
                header.started_ns,
                header.tick_hz,
                _to_json(header.simulated_parts),
                _to_json(header.hardware),
                _to_json(header.versions),
            ),
        )
        self.commit()

    def commit(self) -> None:
        """Put everything written so far on the disk."""
        try:
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")
        except sqlite3.Error as error:
            raise SessionFileError(
                f"The session file {self.path} cannot be written: {error}."
            ) from None

    def _insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        rows = list(rows)
        if rows:
            places = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"INSERT INTO {table} VALUES ({places})", rows)

    def add_cues(self, cues: Iterable[tuple[Cue, str]]) -> None:
        """Cues as planned, each with the name of the phase it belongs to."""
        self._insert(
            "cues",
            (
                (c.index, c.planned_ns, c.kind, phase, c.sound, c.duration_ns, c.begin_share)
                for c, phase in cues
            ),
        )

    def add_cue_reports(self, reports: Iterable[CueReport]) -> None:
        """What the outputs made of the cues."""
        self._insert(
            "cue_outputs",
            ((r.cue_index, r.output, r.actual_ns, r.uncertainty_us, r.fault) for r in reports),
        )

    def add_responses(self, responses: Iterable[Response]) -> None:
        """Edges from the board, with their live times; numbered from 0 in the order given."""
        self._db.executemany(
            "INSERT INTO responses VALUES (:index, :channel, :edge, :epoch, :event_seq, :ticks, "
            ":time_ns, :time_ns, :uncertainty_us, :peak_counts, :duration_ticks)",
            ({"index": next(self._response_index), **vars(r)} for r in responses),
        )

    def add_samples(self, blocks: Iterable[SampleBlock]) -> None:
        """Raw counts; each must fit a signed 16-bit integer."""
        rows = []
        for b in blocks:
            counts = np.asarray(b.counts, dtype="<i2")
            rows.append(
                (None, b.channel, b.epoch, b.first_ticks, b.rate_hz, counts.size, counts.tobytes())
            )
        self._insert("sample_blocks", rows)

    def add_probes(self, probes: Iterable[ClockProbe]) -> None:
        """Clock probes, raw."""
        self._db.executemany(
            "INSERT INTO clock_probes VALUES (NULL, :epoch, :sent_ns, :board_received_ticks, "
            ":board_sent_ticks, :received_ns)",
            map(vars, probes),
        )

    def add_audio_timing(self, readings: Iterable[AudioTiming]) -> None:
        """The sound device's clock readings, raw."""
        self._insert(
            "audio_timing",
            ((None, a.frames, a.callback_ns, a.dac_ns, a.status) for a in readings),
        )

    def add_tempo_change(self, change: TempoChange) -> None:
        """A new tempo and why."""
        self._insert(
            "tempo_changes", [(None, change.time_ns, change.tempo_per_minute, change.reason)]
        )

    def add_fault(self, fault: Fault) -> None:
        """Something that went wrong."""
        self._insert(
            "faults",
            [(None, fault.time_ns, fault.kind, fault.part, fault.text, fault.count)],
        )

    def add_note(self, note: Note) -> None:
        """A remark."""
        self._insert("notes", [(None, note.time_ns, note.author_role, note.text)])

    def add_self_report(self, report: SelfReport) -> None:
        """A score that the patient gave."""
        self._insert(
            "self_reports", [(None, report.time_ns, report.moment, report.item, report.score)]
        )

    def begin_phase(self, name: str, start_ns: int) -> None:
        """End the phase that is open, if any, and begin the next."""
        self.end_phase(start_ns)
        self._insert("phases", [(None, name, start_ns, None)])

    def end_phase(self, end_ns: int) -> None:
        """End the phase that is open, if any."""
        self._db.execute("UPDATE phases SET end_ns = ? WHERE end_ns IS NULL", (end_ns,))

    def correct_responses(self, corrected: Iterable[tuple[int, float, int]]) -> None:
        """Set (time_ns, uncertainty_us) of the response with the index that comes third."""
        self._db.executemany(
            "UPDATE responses SET time_ns = ?, uncertainty_us = ? WHERE response_index = ?",
            corrected,
        )

    def finish(self, ended_ns: int, end_reason: str, certificate: dict[str, Any]) -> None:
        """Write the last figures, fold the journal into the file and make it read-only."""
        self.end_phase(ended_ns)
        self._db.execute(
            "UPDATE session SET ended_ns = ?, end_reason = ?, certificate_json = ?",
            (ended_ns, end_reason, _to_json(certificate)),
        )
        try:
            self._db.execute("COMMIT")
            self._fold_journal()
            self._db.close()
            self.path.chmod(0o444)
        except (OSError, sqlite3.Error) as error:
            raise SessionFileError(
                f"The session file {self.path} cannot be closed: {error}."
            ) from None

    def _fold_journal(self) -> None:
        """Somebody who reads the file just now holds this up, without SQLite's own waiting."""
        for left_over in reversed(range(_FOLD_TRIES)):
            try:
                self._db.execute("PRAGMA journal_mode = DELETE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left_over:
                    raise
            threading.Event().wait(_FOLD_PAUSE_S)

    def abandon(self) -> None:
        """Keep what is committed and let go of the file, as a power cut would."""
        self._db.close()


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
