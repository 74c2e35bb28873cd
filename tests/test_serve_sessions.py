"""A session at the waiting engine: what is told of it, and what does and does not end it."""

from pathlib import Path

import pytest

from andante.commands import Note, NudgeTempo, Pause, Stop
from andante.control import (
    CommandDone,
    ControlClient,
    DeviceState,
    Doing,
    LiveProgress,
    Notice,
    Ok,
    SessionEnded,
    SessionStarted,
    Start,
    TempoChanged,
)
from andante.engine import run_session
from andante.errors import BoardError
from andante.notify import Notifier
from andante.ports import Fault, FaultKind
from andante.serve import Engine, ServeSettings, _Troubles
from andante.session.file import TempoChange, load_session
from andante.session.live import Facts
from andante.session.runner import FINISHED, STOPPED
from andante.session.told import CommandTaken, SessionBegun
from andante.timebase import NS_PER_S, MonotonicClock
from support.control import HOLD, wait_for
from support.serve import WALK, Rig, progress, tick


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_lost_clients_never_end_a_session(rig: Rig) -> None:
    with rig.serving() as watcher:
        holder = ControlClient(rig.path)
        holder.ask(HOLD)
        holder.ask(Start(plan=WALK, attended=True))
        wait_for(watcher, SessionStarted)
        holder.close()
        while wait_for(watcher, DeviceState).holder is not None:
            pass
        with ControlClient(rig.path) as back:
            assert wait_for(back, DeviceState).doing is Doing.RUNNING
            assert back.ask(HOLD) == Ok()
            assert back.ask(Note(role="therapist", text="back again")) == Ok()
            assert back.ask(Stop(source="page")) == Ok()
            assert wait_for(back, SessionEnded).end_reason == STOPPED
    assert rig.sessions.taken == [
        Note(role="therapist", text="back again"),
        Stop(source="page"),
    ]


def test_progress_carries_the_last_asynchronies(rig: Rig) -> None:
    rig.sessions.script = [progress(9.0, last_asynchrony_ms=a) for a in (None, 4.0, 4.0, -3.0)]
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        traces = [wait_for(client, LiveProgress).recent_asynchronies_ms for _ in range(4)]
    assert traces == [(), (4.0,), (4.0,), (4.0, -3.0)]


def fault(kind: FaultKind, at_s: float, text: str = "It broke.", part: str = "board") -> Fault:
    return Fault(kind, round(at_s * NS_PER_S), part, text)


def test_what_a_session_runs_with_is_told_at_its_start_and_to_newcomers(rig: Rig) -> None:
    facts = Facts(path="/x/1.andante", board="twin", outputs={"led": "LED"}, simulated_parts=())
    rig.sessions.telling = [SessionBegun(facts)]
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        assert wait_for(client, SessionStarted).facts == facts
        with ControlClient(rig.path) as newcomer:
            assert wait_for(newcomer, DeviceState).facts == facts
        client.ask(Stop())
        wait_for(client, SessionEnded)
        assert wait_for(client, DeviceState).facts is None


def test_a_session_that_broke_off_names_the_file_it_had_begun(rig: Rig) -> None:
    facts = Facts(path="/x/1.andante", board="twin", outputs={}, simulated_parts=())
    rig.sessions.telling = [SessionBegun(facts)]
    rig.sessions.broken = BoardError("The board went up in smoke.")
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        ended = wait_for(client, SessionEnded)
    assert (ended.path, ended.end_reason) == ("/x/1.andante", "The board went up in smoke.")


def test_tempo_changes_and_commands_are_told_as_they_come(rig: Rig) -> None:
    rig.sessions.telling = [
        TempoChange(7 * NS_PER_S, 104.5, "changed by +5 % by hand"),
        CommandTaken(NudgeTempo(percent=5)),
        CommandTaken(Pause(), "The session is paused already."),
    ]
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        change = wait_for(client, TempoChanged)
        assert (change.time_ns, change.tempo_per_minute) == (7 * NS_PER_S, 104.5)
        assert change.reason == "changed by +5 % by hand"
        assert wait_for(client, CommandDone) == CommandDone(command=NudgeTempo(percent=5))
        refused = wait_for(client, CommandDone)
        assert refused.refusal == "The session is paused already."


def test_faults_are_said_once_and_stand_until_they_are_mended(rig: Rig) -> None:
    rig.sessions.telling = [
        fault(FaultKind.OUTPUT_MISSING, 0, "The sound device is missing.", "sound"),
        fault(FaultKind.LINK_LOST, 1, "The board is away."),
        fault(FaultKind.BAD_FRAMES, 2, "A frame was bad."),
        fault(FaultKind.BAD_FRAMES, 3, "A frame was bad."),
        fault(FaultKind.BAD_FRAMES, 13, "A frame was bad."),
    ]
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        said = [wait_for(client, Notice) for _ in range(4)]
        progress_now = wait_for(client, LiveProgress)
    assert [(n.part, n.text) for n in said] == [
        (None, "The sound device is missing."),  # by the parts themselves; the fault repeats it
        ("board", "The board is away."),
        ("board", "A frame was bad."),
        ("board", "A frame was bad."),
    ]
    assert progress_now.troubles == {
        "sound": "The sound device is missing.",
        "board": "The board is away.",
    }
    assert progress_now.fault_count == 5


def test_a_trouble_ends_when_it_is_mended() -> None:
    troubles = _Troubles()
    troubles.take(fault(FaultKind.LINK_LOST, 1))
    assert troubles.standing == {"board": "It broke."}
    mended = troubles.take(fault(FaultKind.LINK_RESTORED, 2, "It is back."))
    assert mended == Notice(text="It is back.", part="board")
    assert troubles.standing == {}
    assert troubles.count == 1


def test_being_asked_to_end_stops_the_session_first(rig: Rig) -> None:
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        wait_for(client, SessionStarted)
        rig.engine.ask_to_end()
        assert wait_for(client, SessionEnded).end_reason == STOPPED
    assert rig.sessions.taken == [Stop(source="shutdown")]


def test_a_session_is_watched_as_long_as_anybody_is_connected(rig: Rig) -> None:
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        wait_for(client, LiveProgress)
        assert rig.sessions.is_watched()
        client.close()
        clock = MonotonicClock()
        deadline_ns = clock.now_ns() + 10 * NS_PER_S
        while rig.sessions.is_watched() and clock.now_ns() < deadline_ns:
            tick()
        assert not rig.sessions.is_watched()


def test_a_real_session_from_start_to_file(tmp_path: Path) -> None:
    plan = {"exercise": "walk", "patient_code": "P7", "walk": {"baseline_s": 1.5}}
    rig = Rig(tmp_path, port=None)
    rig.engine = Engine(
        ServeSettings(socket_path=rig.path, out_dir=tmp_path), Notifier(), run_session=run_session
    )
    outputs = {"sound": False, "led": False}
    with rig.serving() as client:
        client.ask(HOLD)
        start = Start(plan={**plan, "outputs": outputs}, simulated_patient=True)
        assert client.ask(start) == Ok()
        wait_for(client, SessionStarted, timeout_s=15)
        assert client.ask(Note(role="therapist", text="steady")) == Ok()
        left_s = [wait_for(client, LiveProgress).left_s for _ in range(6)]
        ended = wait_for(client, SessionEnded, timeout_s=15)
    assert left_s == sorted(left_s, reverse=True)
    assert left_s[0] - left_s[-1] <= 5 / 5 + 0.4  # five a second
    assert ended.end_reason == FINISHED
    assert ended.path is not None
    data = load_session(Path(ended.path))
    assert data.complete
    assert data.header.patient_code == "P7"
    assert [note.text for note in data.notes] == ["steady"]
    assert "patient" in data.header.simulated_parts
