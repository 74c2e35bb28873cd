"""The waiting engine under systemd: its pulse, the watchdog, and a polite kill."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from andante.commands import Stop
from andante.control import ControlClient, LiveProgress, Ok, SessionEnded, SessionStarted, Start
from andante.notify import Notifier, Watchdog
from andante.serve import CHANGE_OVER_S, LOOK_ROUND_S, Engine, Pulse, ServeSettings
from andante.session.file import load_session
from andante.session.runner import STOPPED
from andante.timebase import NS_PER_S, MonotonicClock, SimulatedClock
from support.control import HOLD, SOCKET, wait_for
from support.serve import WALK, Rig, tick


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
