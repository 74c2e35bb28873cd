"""`services.archive`: what the folder holds, read once, beside a session that is being written."""

import os
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from andante.commands import Item
from andante.ports import Channel, Edge, Response
from andante.session.file import SessionHeader, load_session
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_S, MonotonicClock
from andante_host.analysis import analyse
from andante_host.archive.folder import ArchiveError, NoSuchSessionError
from andante_host.archive.jobs import Summarise
from andante_host.archive.products import Kind
from andante_host.archive.summary import CUT_OFF, State, Summary, summarise
from andante_host.console.database import Database
from andante_host.console.patients.self_reports import SelfReports
from andante_host.console.sessions import kept
from andante_host.console.sessions.archive import LONGEST_NOTE_CHARS, Archive, Wanted
from support.archive import until_there
from support.reports import FIRST_DAY, write_breathing, write_weeks
from support.sessions import STARTED_NS, TICKS, Walk, finish_as_recorded, write_walk

MANY = 2_000
PAGE_S = 0.2


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Archive]:
    (tmp_path / "sessions").mkdir()
    database = Database(tmp_path / "state" / "console.db")
    archive = Archive(tmp_path / "sessions", tmp_path / "state", database, MonotonicClock())
    try:
        yield archive
    finally:
        archive.close()
        database.close()


@pytest.fixture
def sessions(tmp_path: Path, house: Archive) -> Path:  # noqa: ARG001 makes the folder
    return tmp_path / "sessions"


def read(archive: Archive, file: str) -> Summary:
    def look() -> Summary | None:
        found = archive.summary(file)
        return None if found.state == State.WAITING else found

    return until_there(look)


def all_read(archive: Archive) -> list[Summary]:
    def look() -> list[Summary] | None:
        found = archive.sessions()
        return None if any(each.state == State.WAITING for each in found) else found

    return until_there(look)


def test_sessions_are_listed_newest_first_and_filtered(house: Archive, sessions: Path) -> None:
    write_weeks(sessions, 3)
    write_weeks(sessions, 1, code="P-100")
    write_breathing(sessions / "breath.andante")
    (sessions / "broken.andante").write_bytes(b"broken")
    first = house.sessions()
    assert {each.state for each in first} == {State.WAITING}
    assert house.unread_count() == 6
    found = all_read(house)
    dated = [each.started_utc for each in found if each.started_utc is not None]
    assert dated == sorted(dated, reverse=True)
    assert found[-1].file == "broken.andante"
    assert found[-1].state == State.DAMAGED
    assert house.unread_count() == 0
    assert house.codes() == ["P-007", "P-009", "P-100"]
    assert house.count() == 6
    assert house.count(Wanted(code="p-007")) == 3
    assert [each.file for each in house.sessions(Wanted(code="P-007"), count=1, offset=1)] == [
        "P-007-1.andante"
    ]
    assert [each.file for each in house.sessions(Wanted(exercise="breathe"))] == ["breath.andante"]
    assert house.count(Wanted(simulated=False)) == 1  # of the damaged one nothing is known
    last = house.last_session("P-007")
    assert last is not None
    assert last.file == "P-007-2.andante"
    assert house.last_session("P-555") is None


def test_a_file_is_read_again_only_when_it_changed(
    house: Archive, sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sessions / "walk.andante"
    write_walk(path)
    before = read(house, path.name)
    assert house.summary(path.name) == before
    path.chmod(0o644)
    path.write_bytes(b"overwritten")
    assert house.summary(path.name).state == State.WAITING
    assert house.summary(path.name).answers == ()
    assert read(house, path.name).state == State.DAMAGED
    monkeypatch.setattr(kept, "measures_version", lambda: "a later one")
    assert house.sessions()[0].state == State.WAITING
    assert read(house, path.name).state == State.DAMAGED
    path.unlink()
    assert house.sessions() == []
    with pytest.raises(NoSuchSessionError):
        house.summary(path.name)


def test_measures_are_those_of_the_analysis(house: Archive, sessions: Path) -> None:
    path = sessions / "walk.andante"
    write_walk(path)
    found = until_there(lambda: house.measures(path.name))
    assert found == msgspec.json.decode(msgspec.json.encode(analyse(path)))


def test_what_cannot_be_made_is_told_once_and_then_tried_again(
    house: Archive, sessions: Path
) -> None:
    (sessions / "broken.andante").write_bytes(b"broken")

    def look() -> str | None:
        try:
            house.product("broken.andante", Kind.HTML)
        except ArchiveError as error:
            return str(error)
        return None

    assert "not a session file" in until_there(look)
    assert house.product("broken.andante", Kind.HTML) is None
    assert house.product("broken.andante", Kind.SESSION) is not None


def test_a_session_that_was_cut_off_is_taken_with_its_journal(
    house: Archive, sessions: Path, tmp_path: Path
) -> None:
    """A process that died leaves a journal; the file alone would lack what is in it."""
    path = sessions / "walk.andante"
    write_walk(tmp_path / "elsewhere.andante", Walk(finished=False))
    with_journal = SessionWriter(path, _header())
    with_journal.add_responses([_step(0)])
    with_journal.commit()
    journal = path.with_name(f"{path.name}-wal")
    kept = path.read_bytes(), journal.read_bytes()
    with_journal.abandon()  # which folds the journal in
    path.write_bytes(kept[0])
    journal.write_bytes(kept[1])
    for each in (path, journal):
        os.utime(each, (1_000_000_000, 1_000_000_000))
    assert read(house, path.name).sentence == CUT_OFF
    product = until_there(lambda: house.product(path.name, Kind.SESSION))
    assert product.path != path
    assert load_session(product.path).responses.time_ns.size == 1


def test_two_look_while_a_session_is_written_to_its_end(house: Archive, sessions: Path) -> None:
    """Nobody opens its file: a reader at the last moment would keep the engine from closing it."""
    write_weeks(sessions, 3)
    running = sessions / "running.andante"
    writer = SessionWriter(running, _header())
    stop = threading.Event()
    states: set[State] = set()

    def look() -> None:
        while not stop.is_set():
            found = {each.file: each for each in house.sessions()}
            states.add(found["running.andante"].state)
            states.add(house.summary("running.andante").state)
            assert house.sessions()[0].file == "running.andante" or writer_is_done.is_set()

    writer_is_done = threading.Event()
    with ThreadPoolExecutor(2) as readers:
        looks = [readers.submit(look) for _ in range(2)]
        for number in range(200):
            writer.add_responses([_step(number)])
            writer.commit()
        until_there(lambda: states or None)
        assert states == {State.RUNNING}
        with pytest.raises(ArchiveError, match="still running"):
            house.product("running.andante", Kind.CSV)
        writer_is_done.set()
        finish_as_recorded(writer, STARTED_NS + 300 * NS_PER_S)
        found = read(house, running.name)
        stop.set()
        for each in looks:
            each.result()
    assert found.state == State.FINISHED
    assert found.patient_code == "P-001"
    assert load_session(running).responses.time_ns.size == 200


def test_a_session_that_runs_on_after_a_rest_is_running_again(
    house: Archive, sessions: Path
) -> None:
    """Its clock was set, or the engine was held up: its figures are shown no more."""
    path = sessions / "walk.andante"
    write_walk(path)
    assert read(house, path.name).answers
    journal = path.with_name(f"{path.name}-wal")
    journal.touch()
    assert house.summary(path.name).state == State.RUNNING
    assert house.summary(path.name).answers == ()
    journal.unlink()
    assert read(house, path.name).answers


def test_notes_never_change_the_file(house: Archive, sessions: Path) -> None:
    path = sessions / "walk.andante"
    write_walk(path)
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode
    house.add_note(path.name, "anna", "  limped a little\n")
    house.add_note(path.name, "bert", "<b>better</b>")
    assert [(note.who, note.text) for note in house.notes(path.name)] == [
        ("anna", "limped a little"),
        ("bert", "<b>better</b>"),
    ]
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == before
    with pytest.raises(ArchiveError, match="empty"):
        house.add_note(path.name, "anna", " \n ")
    with pytest.raises(ArchiveError, match="shorten"):
        house.add_note(path.name, "anna", "x" * (LONGEST_NOTE_CHARS + 1))
    with pytest.raises(NoSuchSessionError):
        house.add_note("none.andante", "anna", "x")


def test_what_was_told_after_the_session_counts(
    house: Archive, sessions: Path, tmp_path: Path
) -> None:
    write_weeks(sessions, 1)
    database = Database(tmp_path / "state" / "console.db")
    SelfReports(database, MonotonicClock()).add(
        "P-007-0.andante", "P-007", {Item.PAIN: 7}, "therapist"
    )
    database.close()
    (felt,) = read(house, "P-007-0.andante").feelings
    assert (felt.item, felt.before, felt.after) == ("pain", "–", "7")
    trend = until_there(lambda: house.trend("P-007"))
    assert [chapter.title for chapter in trend.chapters] == ["Walk", "How the patient felt"]


def test_a_trend_is_drawn_again_only_with_other_sessions(house: Archive, sessions: Path) -> None:
    write_weeks(sessions, 4)
    first = until_there(lambda: house.trend("p-007"))
    assert first.session_count == 4
    again = house.trend("P-007")
    assert again == first
    (sessions / "P-007-3.andante").unlink()
    assert house.trend("P-007") is None
    assert until_there(lambda: house.trend("P-007")).session_count == 3


def test_2000_sessions_are_listed_in_no_time(house: Archive, sessions: Path) -> None:
    """The folder, the index and a page of it; what the worker does is not in it."""
    source = sessions / "P-007-0.andante"
    write_weeks(sessions, 1)
    summary = summarise(source, source.stat().st_size)
    for number in range(1, MANY):
        os.link(source, sessions / f"P-{number}.andante")
    house.close()  # the worker reads nothing here
    house._look()
    status = source.stat()
    with house._database.changes():
        for number in range(MANY):
            name = source.name if number == 0 else f"P-{number}.andante"
            job = Summarise(str(source), status.st_size, status.st_mtime_ns)
            house._keep(name, job, msgspec.structs.replace(summary, file=name))
    took_cpu_s = []
    for _ in range(5):
        began_cpu_s = _cpu_s()
        assert len(house.sessions(count=50)) == 50
        assert house.count() == MANY
        took_cpu_s.append(_cpu_s() - began_cpu_s)
    assert house.unread_count() == 0
    assert min(took_cpu_s) < PAGE_S


def _cpu_s() -> float:
    """Processor time of this process, which does not depend on what else the computer does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _header() -> SessionHeader:
    return SessionHeader(
        origin="andante",
        exercise="walk",
        patient_code="P-001",
        plan={"exercise": "walk", "walk": {"tempo_spm": 100.0}},
        started_utc=FIRST_DAY,
        started_ns=STARTED_NS,
        tick_hz=TICKS.tick_hz,
    )


def _step(number: int) -> Response:
    time_ns = STARTED_NS + number * NS_PER_S
    return Response(Channel.LEFT_FOOT, Edge.ON, 0, number, TICKS.ticks_at(time_ns), time_ns, 60.0)
