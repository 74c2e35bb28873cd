"""The session file, read back: one SQLite database for one session.

`docs/session-file.md` describes it for people who open it with other tools;
`andante.session.writer` writes it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from andante.errors import SessionFileError
from andante.ports import AudioTiming, ClockProbe, Fault, FaultKind
from andante.session.epoch_sync import NOT_GIVEN as NOT_GIVEN  # readers need it beside the tables
from andante.session.epoch_sync import EpochSync
from andante.session.samples import SampleSeries as SampleSeries
from andante.session.samples import read_samples
from andante.session.schema import APPLICATION_ID, FORMAT_VERSION

SUFFIX = ".andante"
MISSING = -1

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class SessionHeader:
    """The row that says what kind of session this was."""

    origin: str
    exercise: str
    patient_code: str
    plan: dict[str, Any]
    started_utc: datetime
    started_ns: int
    tick_hz: int
    simulated_parts: tuple[str, ...] = ()
    hardware: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    ended_ns: int | None = None
    end_reason: str | None = None
    certificate: dict[str, Any] | None = None


@dataclass(frozen=True)
class TempoChange:
    """From `time_ns` on the cues fall at this tempo (None: no cues), for this reason.

    The tempo counts steps, taps or breaths, by the session's exercise.
    """

    time_ns: int
    tempo_per_minute: float | None
    reason: str


@dataclass(frozen=True)
class PhaseSpan:
    """A named part of the session, [start_ns, end_ns); open where the session was cut off."""

    name: str
    start_ns: int
    end_ns: int | None


@dataclass(frozen=True)
class Note:
    """A remark by a role, never by a name."""

    time_ns: int
    author_role: str
    text: str


@dataclass(frozen=True)
class SelfReport:
    """What the patient said of themselves, 0-10; `moment` is `before` or `after`."""

    time_ns: int
    moment: str
    item: str
    score: int


@dataclass(frozen=True)
class CueTable:
    """Every cue as planned; arrays of shape (n,) in order of `index`.

    `duration_ns` and `begin_share` belong to the parts of a breath, as in `ports.Cue`.
    """

    index: Int64s
    planned_ns: Int64s
    kind: Strings
    phase: Strings
    sound: Strings
    duration_ns: Int64s
    begin_share: Floats


@dataclass(frozen=True)
class OutputTable:
    """What one output made of the cues it was given; arrays of shape (n,).

    `actual_ns` holds NOT_GIVEN where the output did not give the cue; `fault` is then not empty.
    """

    cue_index: Int64s
    actual_ns: Int64s
    uncertainty_us: Floats
    fault: Strings

    @property
    def given(self) -> Bools:
        """Which cues were given."""
        given: Bools = self.actual_ns != NOT_GIVEN
        return given


@dataclass(frozen=True)
class ResponseTable:
    """Every edge from the board; arrays of shape (n,) in order of time.

    `peak_counts` and `duration_ticks` hold MISSING where the board gave none.
    """

    index: Int64s
    channel: Strings
    edge: Strings
    epoch: Int64s
    ticks: Int64s
    time_ns: Int64s
    uncertainty_us: Floats
    peak_counts: Int64s
    duration_ticks: Int64s

    def times_ns(self, channel: str, edge: str = "on") -> Int64s:
        """Times, shape (m,), of one kind of edge on one channel."""
        chosen: Int64s = self.time_ns[(self.channel == channel) & (self.edge == edge)]
        return chosen


@dataclass(frozen=True)
class SessionData:
    """A whole session in memory. All times are corrected with the whole session in view."""

    path: Path
    header: SessionHeader
    phases: tuple[PhaseSpan, ...]
    cues: CueTable
    outputs: dict[str, OutputTable]
    responses: ResponseTable
    samples: dict[str, SampleSeries]
    probes: tuple[ClockProbe, ...]
    audio_timing: tuple[AudioTiming, ...]
    tempo_changes: tuple[TempoChange, ...]
    notes: tuple[Note, ...]
    self_reports: tuple[SelfReport, ...]
    faults: tuple[Fault, ...]
    last_ns: int
    """The end, or of a session that was cut off the last thing known."""

    @property
    def complete(self) -> bool:
        """False where the session was cut off before its end."""
        return self.header.ended_ns is not None


def load_session(path: Path, *, with_raw: bool = True) -> SessionData:
    """Read a session file, finished or cut off. Raises SessionFileError in one sentence.

    `with_raw` false leaves out sample blocks and audio timing, and of a finished session the
    clock probes: together most of a file.
    """
    with _read(path) as reader:
        return reader.read(with_raw)


def load_excerpt(path: Path, window_ns: tuple[int, int]) -> dict[str, SampleSeries]:
    """The samples of every channel around [from, to) alone. Raises SessionFileError."""
    with _read(path) as reader:
        return reader.excerpt(window_ns)


@contextmanager
def _read(path: Path) -> Iterator["_Reader"]:
    try:
        with _open_read_only(path) as db:
            yield _Reader(path, db)
    except (sqlite3.Error, msgspec.DecodeError, ValueError, KeyError) as error:
        raise SessionFileError(f"{path} is damaged and cannot be read: {error}.") from None


@contextmanager
def _open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise SessionFileError(f"There is no session file {path}; check the name.")
    with path.open("rb") as start:
        if start.read(16) != b"SQLite format 3\x00":
            raise SessionFileError(
                f"{path} is not a session file; choose one that ends in {SUFFIX}."
            )
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        application_id = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if application_id != APPLICATION_ID:
            raise SessionFileError(
                f"{path} is a database but not a session file; choose one that ends in {SUFFIX}."
            )
        if version != FORMAT_VERSION:
            raise SessionFileError(
                f"{path} has format {version} and this program reads format {FORMAT_VERSION}; "
                "use the version of Andante that wrote it, or a newer one."
            )
        yield db


class _Reader:
    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._db = db

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()

    def read(self, with_raw: bool) -> SessionData:
        header = self._header()
        finished = header.ended_ns is not None
        # A finished file holds its corrected times: only samples still need the probes.
        probes = self._probes() if with_raw or not finished else ()
        sync = _sync(probes, header)
        responses = self._responses(sync, finished)
        cues, outputs = self._cues()
        phases = tuple(
            PhaseSpan(*row)
            for row in self._rows("SELECT name, start_ns, end_ns FROM phases ORDER BY phase_index")
        )
        faults = tuple(
            Fault(FaultKind(kind), time_ns, part, text, count)
            for kind, time_ns, part, text, count in self._rows(
                "SELECT kind, time_ns, part, text, count FROM faults ORDER BY fault_index"
            )
        )
        last_ns = header.ended_ns
        if last_ns is None:
            known = [header.started_ns, *(p.received_ns for p in probes[-1:])]
            known += [
                int(times[-1]) for times in (responses.time_ns, cues.planned_ns) if times.size
            ]
            last_ns = max(known)
        return SessionData(
            path=self._path,
            header=header,
            phases=phases,
            cues=cues,
            outputs=outputs,
            responses=responses,
            samples=read_samples(self._db, sync) if with_raw else {},
            probes=probes,
            audio_timing=self._audio_timing() if with_raw else (),
            tempo_changes=tuple(
                TempoChange(*row)
                for row in self._rows(
                    "SELECT time_ns, tempo_per_minute, reason FROM tempo_changes "
                    "ORDER BY change_index"
                )
            ),
            notes=tuple(
                Note(*row)
                for row in self._rows(
                    "SELECT time_ns, author_role, text FROM notes ORDER BY note_index"
                )
            ),
            self_reports=tuple(
                SelfReport(*row)
                for row in self._rows(
                    "SELECT time_ns, moment, item, score FROM self_reports ORDER BY report_index"
                )
            ),
            faults=faults,
            last_ns=last_ns,
        )

    def excerpt(self, window_ns: tuple[int, int]) -> dict[str, SampleSeries]:
        return read_samples(self._db, _sync(self._probes(), self._header()), window_ns)

    def _header(self) -> SessionHeader:
        rows = self._rows(
            "SELECT origin, exercise, patient_code, plan_json, started_utc, started_ns, tick_hz, "
            "simulated_parts_json, hardware_json, versions_json, ended_ns, end_reason, "
            "certificate_json FROM session"
        )
        if len(rows) != 1:
            raise SessionFileError(
                f"{self._path} holds no session; it was cut off before its first second."
            )
        origin, exercise, patient_code, plan, utc, started_ns, tick_hz, parts = rows[0][:8]
        hardware, versions, ended_ns, end_reason, certificate = rows[0][8:]
        return SessionHeader(
            origin=origin,
            exercise=exercise,
            patient_code=patient_code,
            plan=msgspec.json.decode(plan),
            started_utc=datetime.fromisoformat(utc),
            started_ns=started_ns,
            tick_hz=tick_hz,
            simulated_parts=tuple(msgspec.json.decode(parts)),
            hardware=msgspec.json.decode(hardware),
            versions=msgspec.json.decode(versions),
            ended_ns=ended_ns,
            end_reason=end_reason,
            certificate=None if certificate is None else msgspec.json.decode(certificate),
        )

    def _cues(self) -> tuple[CueTable, dict[str, OutputTable]]:
        rows = self._rows(
            "SELECT cue_index, planned_ns, kind, phase, sound, duration_ns, begin_share "
            "FROM cues ORDER BY cue_index"
        )
        index, planned_ns, kind, phase, sound, duration_ns, begin_share = _columns(rows, 7)
        cues = CueTable(
            index=_int64(index),
            planned_ns=_int64(planned_ns),
            kind=np.array(kind, str),
            phase=np.array(phase, str),
            sound=np.array(sound, str),
            duration_ns=_int64(duration_ns),
            begin_share=np.array(begin_share, dtype=np.float64),
        )
        outputs: dict[str, OutputTable] = {}
        for (name,) in self._rows("SELECT DISTINCT output FROM cue_outputs ORDER BY output"):
            rows = self._db.execute(
                "SELECT cue_index, ifnull(actual_ns, ?), uncertainty_us, ifnull(fault, '') "
                "FROM cue_outputs WHERE output = ? ORDER BY cue_index",
                (NOT_GIVEN, name),
            ).fetchall()
            cue_index, actual_ns, uncertainty_us, fault = _columns(rows, 4)
            outputs[name] = OutputTable(
                _int64(cue_index),
                _int64(actual_ns),
                np.array(uncertainty_us, dtype=np.float64),  # None becomes NaN
                np.array(fault, str),
            )
        return cues, outputs

    def _responses(self, sync: EpochSync, finished: bool) -> ResponseTable:
        rows = self._db.execute(
            "SELECT response_index, channel, edge, epoch, ticks, time_ns, uncertainty_us, "
            "ifnull(peak_counts, ?), ifnull(duration_ticks, ?) FROM responses "
            "ORDER BY response_index",
            (MISSING, MISSING),
        ).fetchall()
        columns = _columns(rows, 9)
        epoch, ticks, time_ns = _int64(columns[3]), _int64(columns[4]), _int64(columns[5])
        uncertainty_us = np.array(columns[6], dtype=np.float64)
        if not finished:  # a finished file holds the corrected times already
            time_ns, uncertainty_us = sync.correct(epoch, ticks, time_ns, uncertainty_us)
        order = np.argsort(time_ns, kind="stable")
        return ResponseTable(
            index=_int64(columns[0])[order],
            channel=np.array(columns[1], str)[order],
            edge=np.array(columns[2], str)[order],
            epoch=epoch[order],
            ticks=ticks[order],
            time_ns=time_ns[order],
            uncertainty_us=uncertainty_us[order],
            peak_counts=_int64(columns[7])[order],
            duration_ticks=_int64(columns[8])[order],
        )

    def _probes(self) -> tuple[ClockProbe, ...]:
        rows = self._rows(
            "SELECT epoch, sent_ns, board_received_ticks, board_sent_ticks, received_ns "
            "FROM clock_probes ORDER BY probe_index"
        )
        return tuple(ClockProbe(*row) for row in rows)

    def _audio_timing(self) -> tuple[AudioTiming, ...]:
        return tuple(
            AudioTiming(*row)
            for row in self._rows(
                "SELECT output_frames, callback_ns, dac_ns, status FROM audio_timing "
                "ORDER BY reading_index"
            )
        )


def _sync(probes: tuple[ClockProbe, ...], header: SessionHeader) -> EpochSync:
    return EpochSync(probes, header.tick_hz, assume_shared_clock=header.origin == "import")


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _int64(values: tuple[Any, ...]) -> Int64s:
    return np.array(values, dtype=np.int64)
