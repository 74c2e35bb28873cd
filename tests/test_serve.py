"""The waiting engine: over its real socket, with a session of its own making and with real ones."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from andante.commands import AnyCommand, CommandSource, Note, NudgeTempo, Pause, Stop
from andante.control import (
    CommandDone,
    ControlClient,
    ControlError,
    DeviceState,
    Doing,
    LiveProgress,
    Notice,
    Ok,
    Refused,
    SessionEnded,
    SessionStarted,
    Start,
    TempoChanged,
)
from andante.engine import RunOptions, SessionResult, run_session
from andante.errors import BoardError
from andante.notify import Notifier, Watchdog
from andante.plan import Plan, parse_plan
from andante.ports import Fault, FaultKind
from andante.serve import (
    CHANGE_OVER_S,
    LOOK_ROUND_S,
    Engine,
    Pulse,
    ServeSettings,
    _Troubles,
)
from andante.session.file import TempoChange, load_session
from andante.session.live import Facts
from andante.session.runner import FINISHED, STOPPED, Progress
from andante.session.told import CommandTaken, SessionBegun, Told
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock, SimulatedClock
from support.control import HOLD, SOCKET, wait_for

WALK: dict[str, Any] = {
    "exercise": "walk",
    "patient_code": "P7",
    "walk": {"tempo_spm": 100, "cued_minutes": 10, "tempo_percent_of_baseline": None},
    "outputs": {"sound": False, "led": False},
}
TAP = 'exercise = "tap"\n[tap]\ntempo_bpm = 120\n'
STEP_NS = 5 * NS_PER_MS


def progress(left_s: float, **changes: Any) -> Progress:
    fields: dict[str, Any] = {
        "stage": "cued",
        "left_s": left_s,
        "tempo_per_minute": 100.0,
        "last_asynchrony_ms": None,
        "vector_length": None,
        "response_count": 0,
        "paused": False,
        **changes,
    }
    return Progress(**fields)


class Sessions:
    """Stands for `run_session`: looks round as the runner does until stopped or told to end."""

    def __init__(self) -> None:
        self.asked: list[tuple[Plan, RunOptions]] = []
        self.taken: list[AnyCommand] = []
        self.failure: Exception | None = None
        self.telling: list[Told] = []
        self.broken: Exception | None = None
        self.script: list[Progress] = [progress(9.0)]
        self.finish = threading.Event()
        self.hang = threading.Event()
        self.file_written = threading.Event()
        self.file_written.set()
        self.held = threading.Event()

    def _pass(self, gate: threading.Event) -> None:
        if not gate.is_set():
            self.held.set()
        gate.wait()

    def __call__(
        self,
        plan: Plan,
        options: RunOptions,
        on_progress: Callable[[Progress], None],
        on_notice: Callable[[str], None],
        commands: Sequence[CommandSource],
        on_look: Callable[[], None],
        on_told: Callable[[Told], None],
        is_watched: Callable[[], bool],
    ) -> SessionResult:
        self.is_watched = is_watched
        self.asked.append((plan, options))
        on_notice("The sound device is missing.")
        if self.failure is not None:
            raise self.failure
        for item in self.telling:
            on_told(item)
        for step in self.script:
            on_progress(step)
        if self.broken is not None:
            raise self.broken
        while True:
            self._pass(self.hang)
            on_look()
            new = [command for source in commands for command in source.take_commands()]
            self.taken += new
            if any(isinstance(command, Stop) for command in new):
                on_look()
                self._pass(self.file_written)
                return SessionResult(Path("/sessions/1.andante"), STOPPED, None, None)
            if self.finish.is_set():
                self.finish.clear()
                on_progress(progress(0.0))
                self._pass(self.file_written)
                return SessionResult(Path("/sessions/1.andante"), FINISHED, None, None)
            tick()


class Button:
    """The trainer's own button: each `press` means start or stop, by what it was told last."""

    def __init__(self) -> None:
        self._pressed = threading.Event()
        self.waits = threading.Event()
        self.in_session = False
        self.is_paused: Callable[[], bool] = lambda: False

    def press(self) -> None:
        # A press before the engine waits for the first one does not count.
        assert self.waits.wait(5)
        self._pressed.set()

    def begin_waiting(self) -> None:
        self.in_session = False
        self._pressed.clear()
        self.waits.set()

    def start_pressed(self) -> bool:
        assert not self.in_session
        return self._take()

    def begin_session(self, is_paused: Callable[[], bool]) -> None:
        self.in_session = True
        self.is_paused = is_paused
        self._pressed.clear()

    def take_commands(self) -> list[AnyCommand]:
        assert self.in_session
        return [Stop(source="button")] if self._take() else []

    def _take(self) -> bool:
        pressed = self._pressed.is_set()
        self._pressed.clear()
        return pressed


class Rig:
    """An engine that serves on a thread."""

    def __init__(self, tmp_path: Path, **settings: Any) -> None:
        self.path = tmp_path / SOCKET
        self.sessions = Sessions()
        self.sessions.hang.set()
        self.button = Button()
        self.engine = Engine(
            ServeSettings(
                **{"socket_path": self.path, "out_dir": tmp_path, "port": "/dev/board", **settings}
            ),
            Notifier(),
            button=self.button,
            run_session=self.sessions,
        )

    @contextmanager
    def serving(self) -> Iterator[ControlClient]:
        thread = threading.Thread(target=self.engine.run, daemon=True)
        thread.start()
        try:
            with wait_to_connect(self.path) as client:
                yield client
        finally:
            self.engine.ask_to_end()
            thread.join(10)
        assert not thread.is_alive()
        assert not self.path.exists()


def tick() -> None:
    clock = MonotonicClock()
    clock.sleep_until_ns(clock.now_ns() + STEP_NS)


def wait_to_connect(path: Path, timeout_s: float = 20) -> ControlClient:
    clock = MonotonicClock()
    deadline_ns = clock.now_ns() + round(timeout_s * NS_PER_S)
    while True:
        try:
            return ControlClient(path)
        except ControlError:
            if clock.now_ns() > deadline_ns:
                raise
            tick()


def refusal(client: ControlClient, start: Start) -> str:
    answer = client.ask(start)
    assert isinstance(answer, Refused)
    return answer.reason


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


# --- asking for sessions --------------------------------------------------------------------


def test_sessions_run_one_after_another(rig: Rig, tmp_path: Path) -> None:
    with rig.serving() as client:
        assert client.ask(HOLD) == Ok()
        for _ in range(2):
            assert client.ask(Start(plan=WALK, attended=True)) == Ok()
            assert wait_for(client, Notice).text == "The sound device is missing."
            assert wait_for(client, SessionStarted).patient_code == "P7"
            assert wait_for(client, LiveProgress).left_s == 9.0
            assert client.ask(Stop()) == Ok()
            ended = wait_for(client, SessionEnded)
            assert (ended.path, ended.end_reason) == ("/sessions/1.andante", STOPPED)
            assert wait_for(client, DeviceState).doing is Doing.WAITING
    plan, options = rig.sessions.asked[0]
    assert plan.patient_code == "P7"
    assert options == RunOptions(
        port="/dev/board", out_dir=tmp_path, music_dir=tmp_path / "prepared"
    )
    assert len(rig.sessions.asked) == 2


def test_a_walk_on_a_real_board_needs_someone_beside_the_patient(rig: Rig) -> None:
    with rig.serving() as client:
        client.ask(HOLD)
        assert "beside the patient" in refusal(client, Start(plan=WALK))
        assert client.ask(Start(plan=WALK, simulated_patient=True, seed=5)) == Ok()
        wait_for(client, SessionStarted)
    options = rig.sessions.asked[0][1]
    assert options.simulated_patient
    assert options.seed == 5
    assert options.port is None


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"walk": {"tempo_spm": 500, "cued_minutes": 1}}, "walk.tempo_spm"),
        ({"walk": {"tempo_spm": 100, "cued_minutes": 1, "tempo_percent_of_baseline": 105}}, "two"),
        ({"exercise": "fly"}, "exercise"),
        ({"walk": None}, "walk"),
        ({"patient_code": 'P7"\n[walk]\ntempo_spm = 60'}, "patient_code"),
        ({"walk": [None]}, "a table with"),
    ],
)
def test_a_plan_that_is_not_allowed_is_refused(
    rig: Rig, change: dict[str, Any], names: str
) -> None:
    with rig.serving() as client:
        client.ask(HOLD)
        reason = refusal(client, Start(plan={**WALK, **change}, attended=True))
        assert names in reason
        assert reason.endswith(".")
        assert client.ask(Start(plan=WALK, attended=True)) == Ok()
        wait_for(client, SessionStarted)
    assert len(rig.sessions.asked) == 1


def test_without_a_board_only_simulated_patients_walk(tmp_path: Path) -> None:
    rig = Rig(tmp_path, port=None)
    with rig.serving() as client:
        client.ask(HOLD)
        assert "--port" in refusal(client, Start(plan=WALK, attended=True))
        assert client.ask(Start(plan=WALK, simulated_patient=True)) == Ok()
        wait_for(client, SessionStarted)


@pytest.mark.parametrize(
    ("failure", "said"),
    [(BoardError("The board is silent."), "The board is silent."), (KeyError("x"), "KeyError")],
)
def test_a_session_that_breaks_off_leaves_the_engine_serving(
    rig: Rig, failure: Exception, said: str
) -> None:
    rig.sessions.failure = failure
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        ended = wait_for(client, SessionEnded)
        assert ended.path is None
        assert said in ended.end_reason
        rig.sessions.failure = None
        while wait_for(client, DeviceState).doing is not Doing.WAITING:
            pass
        assert client.ask(Start(plan=WALK, attended=True)) == Ok()
        wait_for(client, SessionStarted)


# --- the button -----------------------------------------------------------------------------


def test_the_button_starts_its_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, button_plan=parse_plan(TAP))
    with rig.serving() as client:
        rig.button.press()
        assert wait_for(client, SessionStarted).exercise == "tap"
        rig.sessions.finish.set()
        assert wait_for(client, SessionEnded).end_reason == FINISHED
        while rig.button.in_session:
            tick()
        rig.button.press()
        wait_for(client, SessionStarted)


def test_the_button_stops_a_session_that_somebody_else_holds(rig: Rig) -> None:
    rig.sessions.script = [progress(9.0, paused=True)]
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        assert wait_for(client, LiveProgress).paused
        assert rig.button.is_paused()
        rig.button.press()
        assert wait_for(client, SessionEnded).end_reason == STOPPED
    assert rig.sessions.taken == [Stop(source="button")]


def test_the_button_starts_nothing_while_the_device_is_held(tmp_path: Path) -> None:
    rig = Rig(tmp_path, button_plan=parse_plan(TAP))
    with rig.serving() as client:
        client.ask(HOLD)
        rig.button.press()
        assert "held" in wait_for(client, Notice).text
        assert client.ask(Start(plan=WALK, attended=True)) == Ok()
        assert wait_for(client, SessionStarted).exercise == "walk"


def test_a_walk_by_button_needs_the_promise_that_someone_is_there(tmp_path: Path) -> None:
    plan = parse_plan('exercise = "walk"\n[walk]\nbaseline_s = 30\n')
    with pytest.raises(ControlError, match="beside the patient"):
        Rig(tmp_path, button_plan=plan)
    Rig(tmp_path, button_plan=plan, button_attended=True)


# --- during a session -----------------------------------------------------------------------


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


# --- the pulse and the watchdog -------------------------------------------------------------


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


def later(clock: SimulatedClock, seconds_s: float) -> None:
    clock.sleep_until_ns(clock.now_ns() + round(seconds_s * NS_PER_S))


def test_the_pulse_fails_when_a_beat_is_overdue(clock: SimulatedClock) -> None:
    pulse = Pulse(clock)
    pulse.beat(LOOK_ROUND_S)
    later(clock, LOOK_ROUND_S)
    assert pulse.is_well()
    later(clock, 0.1)
    assert not pulse.is_well()
    pulse.beat(CHANGE_OVER_S)
    later(clock, LOOK_ROUND_S + 1)
    assert pulse.is_well()


@pytest.fixture
def timed(tmp_path: Path, clock: SimulatedClock) -> Rig:
    rig = Rig(tmp_path)
    rig.engine = Engine(
        ServeSettings(socket_path=rig.path, out_dir=tmp_path, port="/dev/board"),
        Notifier(),
        clock,
        run_session=rig.sessions,
    )
    return rig


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


def test_a_runner_that_hangs_is_not_well(timed: Rig, clock: SimulatedClock) -> None:
    pulse = timed.engine.pulse
    with timed.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        wait_for(client, LiveProgress)
        timed.sessions.hang.clear()
        assert timed.sessions.held.wait(10)
        assert pulse.is_well()
        later(clock, LOOK_ROUND_S + 0.1)
        assert not pulse.is_well()
        timed.sessions.hang.set()
        wait_until_well(pulse)


@pytest.mark.parametrize("by_command", [True, False], ids=["stopped", "finished"])
def test_a_session_that_ends_may_take_its_time(
    timed: Rig, clock: SimulatedClock, by_command: bool
) -> None:
    pulse = timed.engine.pulse
    timed.sessions.file_written.clear()
    with timed.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        wait_for(client, LiveProgress)
        if by_command:
            client.ask(Stop())
        else:
            timed.sessions.finish.set()
        assert timed.sessions.held.wait(10)
        later(clock, CHANGE_OVER_S - 1)
        assert pulse.is_well()
        later(clock, 2)
        assert not pulse.is_well()
        timed.sessions.file_written.set()
        wait_for(client, SessionEnded)
        wait_until_well(pulse)


def wait_until_well(pulse: Pulse) -> None:
    clock = MonotonicClock()
    deadline_ns = clock.now_ns() + 10 * NS_PER_S
    while not pulse.is_well():
        assert clock.now_ns() < deadline_ns
        tick()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd listens with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        yield listener


def test_the_watchdog_is_fed_only_while_all_is_well(tmp_path: Path, systemd: socket.socket) -> None:
    well = threading.Event()
    well.set()
    with Watchdog(Notifier(str(tmp_path / "notify"), watchdog_s=0.04), well.is_set):
        assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        well.clear()
        systemd.settimeout(0.2)  # twenty pings
        with contextlib.suppress(TimeoutError):
            systemd.recv(100)  # one that was under way
        with pytest.raises(TimeoutError):
            systemd.recv(100)
        well.set()
        assert systemd.recv(100) == b"WATCHDOG=1"


def test_systemd_says_how_it_wants_to_be_told() -> None:
    environment = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "7"}
    assert Notifier.from_environment(environment, 7).watchdog_s == 10
    assert Notifier.from_environment(environment, 8).watchdog_s is None
    del environment["WATCHDOG_PID"]
    assert Notifier.from_environment(environment, 8).watchdog_s == 10
    assert Notifier.from_environment({}, 8).watchdog_s is None


def test_an_abstract_address_and_no_address() -> None:
    name = f"andante-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(5)
        Notifier(f"@{name}").status("waiting")
        assert listener.recv(100) == b"STATUS=waiting"
    Notifier(f"@{name}").ready()  # nobody listens any more: no error
    Notifier().ready()


# --- with real sessions ---------------------------------------------------------------------


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


def test_a_polite_kill_ends_the_session_and_keeps_the_file(
    tmp_path: Path, systemd: socket.socket
) -> None:
    path = tmp_path / SOCKET
    code = "from andante.cli_serve import serve; serve()"
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "2000000",
        "ANDANTE_CONFIG": str(tmp_path / "device.toml"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--socket", str(path), "--out", str(tmp_path)],
        env=environment,
        stderr=subprocess.PIPE,
    )
    try:
        said: list[bytes] = []
        while not said or said[-1] != b"READY=1":
            said.append(systemd.recv(200))
        assert b"WATCHDOG=1" not in said
        with ControlClient(path) as client:  # ready means that it listens
            client.ask(HOLD)
            plan = {**WALK, "walk": {"tempo_spm": 100, "cued_minutes": 10}}
            assert client.ask(Start(plan=plan, simulated_patient=True)) == Ok()
            wait_for(client, SessionStarted, timeout_s=20)
            wait_for(client, LiveProgress)
            while systemd.recv(200) != b"WATCHDOG=1":
                pass
            process.send_signal(signal.SIGTERM)
            ended = wait_for(client, SessionEnded, timeout_s=20)
        while systemd.recv(200) != b"STOPPING=1":
            pass
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert ended.path is not None
    data = load_session(Path(ended.path))
    assert data.complete
    assert data.header.end_reason == STOPPED
    assert data.last_ns - data.header.started_ns < 30 * NS_PER_S
    assert not path.exists()


def test_a_second_engine_says_so_in_one_sentence(rig: Rig, tmp_path: Path) -> None:
    with rig.serving(), pytest.raises(ControlError, match="already"):
        Engine(ServeSettings(socket_path=rig.path, out_dir=tmp_path), Notifier()).run()
