"""`services.archive`: sessions for the pages, the API and the other parts of the console.

Figures, reports and trends are worked out by the archive's worker, never in a request. What is not
there yet is None (or has the state `waiting`), and coming: ask again in a second or two.
"""

import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from andante.timebase import Clock
from andante_host.archive.charts import Trend
from andante_host.archive.folder import ArchiveError, FoundFile, SessionFolder
from andante_host.archive.jobs import (
    Answer,
    CouldNot,
    DrawTrend,
    Job,
    Make,
    Summarise,
    Summarised,
)
from andante_host.archive.products import Kind, Product, ProductCache, product_at
from andante_host.archive.summary import RUNNING, State, Summary, damaged
from andante_host.archive.workshop import Workshop
from andante_host.console.audit import utc_text
from andante_host.console.database import Database
from andante_host.console.patients.self_reports import SelfReports
from andante_host.console.sessions.kept import (
    is_current,
    is_news,
    read_row,
    summary_of,
    unread_row,
    with_told,
)

log = logging.getLogger(__name__)

LONGEST_NOTE_CHARS = 2_000
_FILTER = (
    "(?1 IS NULL OR patient_code = ?1) AND (?2 IS NULL OR exercise = ?2) "
    "AND (?3 IS NULL OR simulated = ?3)"
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which sessions; None is any."""

    code: str | None = None
    exercise: str | None = None
    simulated: bool | None = None


ALL = Wanted()


@dataclass(frozen=True)
class SessionNote:
    """A remark on a finished session; its file stays as it is."""

    note_id: int
    file: str
    at_utc: str
    who: str
    text: str


@dataclass(frozen=True)
class Bundle:
    """Products of several sessions: those there are, how many are coming, and why others are not.

    `left_out`: (file, sentence).
    """

    ready: tuple[Product, ...]
    coming_count: int
    left_out: tuple[tuple[str, str], ...]


class Archive:
    """The session files of a folder, read-only, with what is known about them."""

    def __init__(
        self, sessions_dir: Path, state_dir: Path, database: Database, clock: Clock
    ) -> None:
        self._folder = SessionFolder(sessions_dir)
        self._sessions_dir = sessions_dir
        self._database = database
        self._clock = clock
        self._products = ProductCache(state_dir / "reports")
        self._workshop = Workshop(self._done, self._products.folder / "libraries")
        self._self_reports = SelfReports(database, clock)
        self._looking = threading.Lock()
        self._failures: dict[str, str] = {}

    # --- lists ----------------------------------------------------------------------------------

    def sessions(
        self, wanted: Wanted = ALL, count: int | None = None, offset: int = 0
    ) -> list[Summary]:
        """What is running, then newest first, those without a date last. Raises ArchiveError.

        Of a running session nothing is known but its file, so that a filter does not find it.
        """
        self._look()
        rows = self._database.rows(
            f"SELECT state, summary FROM session_index WHERE {_FILTER} "
            f"ORDER BY state = '{State.RUNNING}' DESC, started_utc DESC NULLS LAST, file DESC "
            "LIMIT ?4 OFFSET ?5",
            (*_values(wanted), -1 if count is None else count, offset),
        )
        return [summary_of(row) for row in rows]

    def count(self, wanted: Wanted = ALL) -> int:
        """How many there are, as of the last look at the folder."""
        sql = f"SELECT count(*) AS found FROM session_index WHERE {_FILTER}"
        row = self._database.row(sql, _values(wanted))
        return 0 if row is None else int(row["found"])

    def unread_count(self) -> int:
        """How many files nothing is known of yet; no filter finds them."""
        row = self._database.row(
            "SELECT count(*) AS found FROM session_index WHERE state = ? AND patient_code IS NULL",
            (State.WAITING,),
        )
        return 0 if row is None else int(row["found"])

    def codes(self) -> list[str]:
        """The patient codes in the sessions, in order, as of the last look."""
        sql = "SELECT DISTINCT patient_code FROM session_index WHERE patient_code IS NOT NULL"
        return sorted((row["patient_code"] for row in self._database.rows(sql)), key=str.casefold)

    def last_session(self, code: str) -> Summary | None:
        """The newest session of a patient, in whatever state; None before the first."""
        found = self.sessions(Wanted(code=code), count=1)
        return found[0] if found else None

    # --- one session ----------------------------------------------------------------------------

    def summary(self, file: str) -> Summary:
        """A session; its state is `waiting` while it is being read. Raises NoSuchSessionError.

        What the patient said after the session, which is kept beside the file, is in it.
        `summary(...).baseline` has the patient's own tempo without a cue.
        """
        found = self._found(file)
        self._note_found([found], self._index(found.name), soon=True)
        row = self._database.row(
            "SELECT state, summary FROM session_index WHERE file = ?", (found.name,)
        )
        if row is None:  # it was deleted meanwhile
            return self.summary(file)
        return with_told(summary_of(row), self._self_reports.of_session(file))

    def measures(self, file: str) -> dict[str, Any] | None:
        """Every measure, as `andante-host metrics --json` prints them; None while they come.

        Raises NoSuchSessionError, and ArchiveError where they cannot be had.
        """
        product = self.product(file, Kind.MEASURES)
        if product is None:
            return None
        blocks: dict[str, Any] = msgspec.json.decode(product.path.read_bytes())
        return blocks

    def product(self, file: str, kind: Kind) -> Product | None:
        """A file to take; None while it is being made.

        Raises NoSuchSessionError, and ArchiveError where it cannot be made; asking again tries
        again.
        """
        found = self._found(file)
        if found.is_running:
            raise ArchiveError(f"{file}: {RUNNING}")
        path = self._folder.path(file)
        if kind == Kind.SESSION and not found.has_journal:
            return product_at(file, kind, path)
        out = self._products.path(found, kind)
        return self._made(str(out), Make(str(path.resolve()), kind, str(out)), file, kind, out)

    def bundle(self, files: Sequence[str], kind: Kind) -> Bundle:
        """Products of several sessions, each once, in the order named."""
        ready: list[Product] = []
        left_out: list[tuple[str, str]] = []
        coming_count = 0
        for file in dict.fromkeys(files):
            try:
                product = self.product(file, kind)
            except ArchiveError as error:
                left_out.append((file, str(error)))
                continue
            if product is None:
                coming_count += 1
            else:
                ready.append(product)
        return Bundle(tuple(ready), coming_count, tuple(left_out))

    # --- over weeks -----------------------------------------------------------------------------

    def trend(self, code: str) -> Trend | None:
        """What can be followed of a patient; None while sessions are read or it is drawn.

        Damaged, running and undated sessions are left out. Raises ArchiveError.
        """
        summaries = self.sessions(Wanted(code=code))
        if self.unread_count() or any(each.state == State.WAITING for each in summaries):
            return None
        told = self._self_reports.of_patient(code)
        used = tuple(
            with_told(each, [report for report in told if report.file == each.file])
            for each in summaries
            if each.has_figures and each.started_utc is not None
        )
        if not used:
            return Trend(session_count=0, simulated_count=0, chapters=())
        out = self._products.path_of_trend(msgspec.json.encode(used))
        made = self._made(str(out), DrawTrend(used, str(out)), code, Kind.MEASURES, out)
        return None if made is None else msgspec.json.decode(made.path.read_bytes(), type=Trend)

    # --- notes ----------------------------------------------------------------------------------

    def notes(self, file: str) -> list[SessionNote]:
        """What was remarked afterwards, oldest first."""
        sql = "SELECT note_id, file, at_utc, who, text FROM session_notes WHERE file = ? ORDER BY 1"
        return [SessionNote(**dict(row)) for row in self._database.rows(sql, (file,))]

    def add_note(self, file: str, who: str, text: str) -> None:
        """Remark something. Raises NoSuchSessionError, and ArchiveError for nothing or too much."""
        self._found(file)
        text = text.strip()
        if not text:
            raise ArchiveError("The note is empty; write something, then keep it.")
        if len(text) > LONGEST_NOTE_CHARS:
            raise ArchiveError(
                f"The note has {len(text)} characters and may have {LONGEST_NOTE_CHARS}; shorten "
                "it or make two of it."
            )
        self._database.write(
            "INSERT INTO session_notes (file, at_utc, who, text) VALUES (?, ?, ?, ?)",
            (file, utc_text(self._clock), who, text),
        )

    def close(self) -> None:
        """End the worker. May be called twice."""
        self._workshop.close()

    # --- the index ------------------------------------------------------------------------------

    def _found(self, file: str) -> FoundFile:
        return self._folder.file(file, self._now_s())

    def _now_s(self) -> float:
        return self._clock.utc_now().timestamp()

    def _index(self, file: str | None = None) -> dict[str, sqlite3.Row]:
        """What is known of every file, or of one, by its name."""
        rows = self._database.rows(
            "SELECT file, size_bytes, modified_ns, version, state FROM session_index "
            "WHERE ?1 IS NULL OR file = ?1",
            (file,),
        )
        return {row["file"]: row for row in rows}

    def _look(self) -> None:
        """Compare the folder with the index; forget what has gone, have read what is new."""
        with self._looking:
            found = self._folder.files(self._now_s())
            known = self._index()
            gone = [(file,) for file in known.keys() - found.keys()]
            if gone:
                with self._database.changes() as connection:
                    connection.executemany("DELETE FROM session_index WHERE file = ?", gone)
            self._note_found(list(found.values()), known, soon=False)

    def _note_found(
        self, found: Sequence[FoundFile], known: Mapping[str, sqlite3.Row], soon: bool
    ) -> None:
        stale = [each for each in found if not is_current(each, known.get(each.name))]
        news = [each for each in stale if is_news(each, known.get(each.name))]
        if news:
            with self._database.changes() as connection:
                connection.executemany(
                    "INSERT INTO session_index (file, size_bytes, modified_ns, version, state, "
                    "summary) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (file) DO UPDATE SET "
                    "state = excluded.state",
                    [unread_row(each) for each in news],
                )
        for each in stale:
            if not each.is_running:
                path = str(self._folder.path(each.name).resolve())
                job = Summarise(path, each.size_bytes, each.modified_ns)
                self._workshop.ask(each.name, job, soon)

    def _done(self, key: str, job: Job, answer: Answer) -> None:
        match job, answer:
            case Summarise(), Summarised():
                self._keep(key, job, answer.summary)
            case Summarise(), CouldNot():
                self._keep(key, job, damaged(key, job.size_bytes, answer.sentence))
            case _, CouldNot():
                self._failures[key] = answer.sentence
            case Make() | DrawTrend(), _:
                self._products.tidy(Path(job.out))

    def _keep(self, file: str, job: Summarise, summary: Summary) -> None:
        self._database.write(
            "UPDATE session_index SET size_bytes = ?, modified_ns = ?, version = ?, state = ?, "
            "patient_code = ?, exercise = ?, simulated = ?, started_utc = ?, summary = ? "
            "WHERE file = ?",
            (*read_row(job, summary), file),
        )

    def _made(self, key: str, job: Job, session: str, kind: Kind, out: Path) -> Product | None:
        try:
            self._products.used(out)
            return product_at(session, kind, out)
        except FileNotFoundError:
            pass
        failure = self._failures.pop(key, None)
        if failure is not None:
            raise ArchiveError(failure)
        self._workshop.ask(key, job, soon=True)
        return None


def _values(wanted: Wanted) -> tuple[object, ...]:
    return wanted.code, wanted.exercise, wanted.simulated
