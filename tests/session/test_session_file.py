"""The session file: what goes in comes out, in any SQLite tool, finished or cut off."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from andante.errors import SessionFileError
from andante.ports import (
    AudioTiming,
    Channel,
    ClockProbe,
    Cue,
    CueKind,
    CueReport,
    Edge,
    Fault,
    FaultKind,
    Response,
    SampleBlock,
)
from andante.session.certificate import certificate_of
from andante.session.file import (
    NOT_GIVEN,
    Note,
    SelfReport,
    SessionHeader,
    TempoChange,
    load_session,
)
from andante.session.recorder import COMMIT_S, MAX_LOSS_S, Recorder
from andante.session.schema import APPLICATION_ID, FORMAT_VERSION
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_S

TICK_HZ = 250_000
START_NS = 100 * NS_PER_S


def header() -> SessionHeader:
    return SessionHeader(
        origin="andante",
        exercise="walk",
        patient_code="P-1",
        plan={"exercise": "walk"},
        started_utc=datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC),
        started_ns=START_NS,
        tick_hz=TICK_HZ,
        simulated_parts=("board",),
    )


def probes(epoch: int = 0, first_ns: int = START_NS, count: int = 100) -> list[ClockProbe]:
    """A board whose counter read 0 at `first_ns`, 0.3 ms away in each direction."""
    return [
        ClockProbe(
            epoch,
            sent_ns=first_ns + n * NS_PER_S // 10,
            board_received_ticks=n * TICK_HZ // 10 + 75,
            board_sent_ticks=n * TICK_HZ // 10 + 75,
            received_ns=first_ns + n * NS_PER_S // 10 + 600_000,
        )
        for n in range(count)
    ]


def fill(writer: SessionWriter) -> None:
    writer.begin_phase("baseline", START_NS)
    writer.begin_phase("cued", START_NS + NS_PER_S)
    writer.add_tempo_change(TempoChange(START_NS + NS_PER_S, 100.0, "tempo of the plan"))
    cues = [
        Cue(0, START_NS + NS_PER_S),
        Cue(1, START_NS + 2 * NS_PER_S, CueKind.SILENT),
        Cue(2, START_NS + 3 * NS_PER_S),
    ]
    writer.add_cues([(cue, "cued") for cue in cues])
    writer.add_cue_reports(
        [
            CueReport(0, "sound", START_NS + NS_PER_S + 30_000, 12.0),
            CueReport(2, "sound", None, None, "handed over too late"),
        ]
    )
    writer.add_responses(
        [
            Response(Channel.LEFT_FOOT, Edge.ON, 0, 0, TICK_HZ, START_NS + NS_PER_S + 900, 50.0),
            Response(Channel.LEFT_FOOT, Edge.OFF, 0, 1, 2 * TICK_HZ, 0, 50.0, 700, TICK_HZ),
        ]
    )
    writer.add_samples([SampleBlock(Channel.LEFT_FOOT, 0, TICK_HZ, 100.0, [-5, 0, 32767])])
    writer.add_probes(probes())
    writer.add_audio_timing([AudioTiming(256, 1, 2, 0)])
    writer.add_fault(Fault(FaultKind.EVENTS_RECOVERED, START_NS, "board", "Two came again.", 2))
    writer.add_note(Note(START_NS, "therapist", "uses a stick"))
    writer.add_self_report(SelfReport(START_NS, "before", "effort", 3))


def finish(writer: SessionWriter) -> None:
    writer.finish(START_NS + 10 * NS_PER_S, "finished", {"figure": 1})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.andante"


@pytest.mark.parametrize("finished", [True, False])
def test_what_goes_in_comes_out(path: Path, finished: bool) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    writer.commit()
    if finished:
        finish(writer)
    else:
        writer.abandon()
    data = load_session(path)
    assert data.complete is finished
    assert [(p.name, p.start_ns) for p in data.phases] == [
        ("baseline", START_NS),
        ("cued", START_NS + NS_PER_S),
    ]
    assert data.phases[0].end_ns == START_NS + NS_PER_S
    assert data.cues.kind.tolist() == ["beat", "silent", "beat"]
    sound = data.outputs["sound"]
    assert sound.given.tolist() == [True, False]
    assert sound.actual_ns.tolist() == [START_NS + NS_PER_S + 30_000, NOT_GIVEN]
    assert sound.fault.tolist() == ["", "handed over too late"]
    assert data.samples["left"].counts.tolist() == [-5, 0, 32767]
    assert data.tempo_changes[0].reason == "tempo of the plan"
    assert data.notes[0].text == "uses a stick"
    assert data.faults[0].count == 2
    assert data.header.started_utc == datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert data.audio_timing == (AudioTiming(256, 1, 2, 0),)
    assert data.last_ns >= START_NS + 3 * NS_PER_S


def test_a_cut_off_session_is_corrected_while_it_is_read(path: Path) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    writer.commit()
    writer.abandon()
    responses = load_session(path).responses
    # A tick stamp stands for the tick's whole length; its begin is what the counter shows.
    assert responses.time_ns.tolist() == pytest.approx(
        [START_NS + NS_PER_S, START_NS + 2 * NS_PER_S], abs=4_000
    )


def test_samples_get_times_from_the_probes(path: Path) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    finish(writer)
    series = load_session(path).samples["left"]
    assert np.diff(series.time_ns) == pytest.approx([NS_PER_S / 100] * 2, abs=10)
    assert series.time_ns[0] == pytest.approx(START_NS + NS_PER_S, abs=4_000)


def test_a_restarted_board_has_a_clock_of_its_own(path: Path) -> None:
    writer = SessionWriter(path, header())
    writer.add_probes(probes() + probes(epoch=1, first_ns=START_NS + 20 * NS_PER_S))
    writer.add_responses(
        [Response(Channel.LEFT_FOOT, Edge.ON, epoch, 0, TICK_HZ, 0, 0.0) for epoch in (0, 1)]
    )
    writer.commit()
    writer.abandon()
    times_ns = load_session(path).responses.time_ns
    assert times_ns.tolist() == pytest.approx(
        [START_NS + NS_PER_S, START_NS + 21 * NS_PER_S], abs=4_000
    )


def test_a_finished_session_is_one_file_that_nobody_changes(path: Path) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    finish(writer)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o222 == 0


def test_a_reader_of_the_running_file_only_delays_its_end(path: Path) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    writer.commit()
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM cues").fetchone()
    leaves = threading.Timer(0.3, reader.close)
    leaves.start()
    finish(writer)
    leaves.join()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert load_session(path).complete


def test_any_sqlite_tool_reads_it(path: Path) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    finish(writer)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert db.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    tables = db.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
        "AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    assert len(tables) == 12
    assert all(strict for _, strict in tables)
    db.close()


def test_a_file_that_exists_is_never_overwritten(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(SessionFileError, match="exists already"):
        SessionWriter(path, header())
    assert path.read_text() == "precious"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SessionFileError, match="cannot be made"):
        SessionWriter(tmp_path / "file" / "one.andante", header())


# --- files that are no sessions -------------------------------------------------------------


def _database(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def _truncated(path: Path) -> None:
    writer = SessionWriter(path, header())
    fill(writer)
    finish(writer)
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: None, "There is no session file"),
        (lambda p: p.mkdir(), "There is no session file"),
        (lambda p: p.write_bytes(b""), "is not a session file"),
        (lambda p: p.write_text("time_s,left,right\n0,1,2\n"), "is not a session file"),
        (lambda p: _database(p, "CREATE TABLE a (b)"), "is a database but not a session"),
        (
            lambda p: _database(
                p, f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 99"
            ),
            "has format 99",
        ),
        (
            lambda p: _database(
                p,
                f"PRAGMA application_id = {APPLICATION_ID}",
                f"PRAGMA user_version = {FORMAT_VERSION}",
                "CREATE TABLE session (nonsense)",
            ),
            "is damaged",
        ),
        (_truncated, "is damaged"),
        (lambda p: p.write_bytes(b"SQLite format 3\x00" + b"\x17" * 5000), "is damaged"),
    ],
)
def test_what_is_no_session_is_named_in_a_sentence(
    path: Path, make: Callable[[Path], object], says: str
) -> None:
    make(path)
    with pytest.raises(SessionFileError, match=says) as caught:
        load_session(path)
    assert path.name in str(caught.value)


# --- the recorder ---------------------------------------------------------------------------


def test_the_recorder_corrects_the_times_and_certifies(path: Path) -> None:
    recorder = Recorder(lambda: SessionWriter(path, header()))
    recorder.start()
    recorder.record(fill)
    recorder.finish(START_NS + 10 * NS_PER_S, "finished")
    data = load_session(path)
    db = sqlite3.connect(path)
    live_ns, time_ns = db.execute("SELECT live_time_ns, time_ns FROM responses").fetchone()
    db.close()
    assert live_ns == START_NS + NS_PER_S + 900
    assert time_ns == data.responses.time_ns[0] != live_ns
    certificate = data.header.certificate
    assert certificate == certificate_of(data)
    sound = certificate["outputs"]["sound"]
    assert (sound["cues_given"], sound["cues_missed"]) == (1, 1)
    assert sound["cue_error_max_us"] == pytest.approx(30.0)
    assert certificate["counts"]["events_recovered"] == 2
    assert certificate["sync"]["shortest_round_trip_us"] == pytest.approx(600)
    assert certificate["latency_calibrated"] is False


def test_a_writer_that_fails_is_heard_and_keeps_what_was_there(path: Path) -> None:
    recorder = Recorder(lambda: SessionWriter(path, header()))
    recorder.start()
    recorder.record(fill)
    recorder.record(SessionWriter.add_samples, [SampleBlock(Channel.BELT, 0, 0, 1.0, [])])
    recorder.record(SessionWriter.add_fault, "not a fault")  # type: ignore[arg-type]
    with pytest.raises(SessionFileError, match="what was recorded before is kept"):
        recorder.finish(START_NS, "finished")
    assert not recorder.alive


def test_a_full_disk_costs_only_what_no_longer_fits(path: Path) -> None:
    """SQLite itself refuses to grow the file, as on a full disk."""

    def small_disk() -> SessionWriter:
        writer = SessionWriter(path, header())
        writer._db.execute("PRAGMA max_page_count = 40")
        return writer

    recorder = Recorder(small_disk)
    recorder.start()
    recorder.record(fill)
    time.sleep(3 * COMMIT_S)
    block = SampleBlock(Channel.BELT, 0, 0, 100.0, [0] * 10_000)
    for _ in range(20):
        recorder.record(SessionWriter.add_samples, [block])
    with pytest.raises(SessionFileError, match="what was recorded before is kept"):
        recorder.finish(START_NS, "finished")
    data = load_session(path)
    assert data.responses.index.size == 2
    assert not data.complete


def test_a_file_that_cannot_be_made_is_heard_at_the_start(tmp_path: Path) -> None:
    recorder = Recorder(lambda: SessionWriter(tmp_path, header()))
    with pytest.raises(SessionFileError):
        recorder.start()


def test_a_power_cut_loses_at_most_what_is_promised(path: Path) -> None:
    """The process is killed without warning; what is older than MAX_LOSS_S must be on the disk."""
    program = textwrap.dedent(
        """
        import os, sys, time
        sys.path[:0] = sys.argv[2:]
        from pathlib import Path
        from test_session_file_helpers import START_NS, header
        from andante.ports import Fault, FaultKind
        from andante.session.recorder import Recorder
        from andante.session.writer import SessionWriter
        recorder = Recorder(lambda: SessionWriter(Path(sys.argv[1]), header()))
        recorder.start()
        while True:
            fault = Fault(FaultKind.CUE_LATE, time.monotonic_ns(), "test", "now")
            recorder.record(SessionWriter.add_fault, fault)
            print(fault.time_ns, flush=True)
            time.sleep(0.005)
        """
    ).replace("test_session_file_helpers", Path(__file__).stem)
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first_ns = int(process.stdout.readline())
    last_ns = first_ns
    while last_ns < first_ns + 3 * NS_PER_S:
        last_ns = int(process.stdout.readline())
    process.kill()
    rest = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    last_ns = int(rest[-1]) if rest else last_ns
    kept = load_session(path).faults
    assert kept[0].time_ns == first_ns
    assert last_ns - kept[-1].time_ns <= MAX_LOSS_S * NS_PER_S
    gaps_ns = np.diff([fault.time_ns for fault in kept])
    assert len(kept) > 100
    assert gaps_ns.max() < NS_PER_S  # nothing missing in between
