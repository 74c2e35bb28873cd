"""Looks at the engine's service from inside a container that runs nothing else; prints JSON."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from andante.control import (
    DEFAULT_SOCKET,
    ControlClient,
    Hold,
    LiveProgress,
    SessionEnded,
    Start,
)
from andante.session.file import load_session
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock

UNIT = "andante-engine.service"
PLAN = {
    "exercise": "tap",
    "tap": {"tempo_bpm": 120, "cued_minutes": 5},
    "outputs": {"sound": False, "led": False},
}
clock = MonotonicClock()


def systemctl(*words: str) -> str:
    return subprocess.run(
        ["systemctl", *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def shown(name: str) -> str:
    return systemctl("show", "--value", "--property", name, UNIT)


def waited_s(is_so: Callable[[], bool], limit_s: float = 60) -> float:
    """How long it took until `is_so`, to 20 ms."""
    begun_ns = clock.now_ns()
    while not is_so():
        assert clock.now_ns() - begun_ns < limit_s * NS_PER_S, "it never came"
        clock.sleep_until_ns(clock.now_ns() + 20 * NS_PER_MS)
    return (clock.now_ns() - begun_ns) / NS_PER_S


def session_stopped_by_systemd() -> dict[str, Any]:
    with ControlClient(DEFAULT_SOCKET) as client:
        client.ask(Hold(role="tester", holder="container", reason="look"))
        client.ask(Start(plan=PLAN, simulated_patient=True))
        seen = 0
        while seen < 10:
            event = client.next_event(60)
            assert event is not None
            seen += isinstance(event, LiveProgress)
        begun_ns = clock.now_ns()
        systemctl("stop", UNIT)
        stopped_s = (clock.now_ns() - begun_ns) / NS_PER_S
        while not isinstance(event := client.next_event(5), SessionEnded):
            assert event is not None
    assert event.path is not None
    return {
        "stopped_s": stopped_s,
        "result": shown("Result"),
        "file_is_complete": load_session(Path(event.path)).complete,
    }


def until_it_waits_again(number: signal.Signals) -> float:
    restarts = int(shown("NRestarts"))
    os.kill(int(shown("MainPID")), number)
    return waited_s(
        lambda: (
            int(shown("NRestarts")) > restarts
            and shown("ActiveState") == "active"
            and shown("StatusText") == "waiting"
        )
    )


found: dict[str, Any] = {"state": shown("ActiveState"), "status": shown("StatusText")}
mode = DEFAULT_SOCKET.stat().st_mode
found["socket"] = {
    "mode": oct(mode & 0o777),
    "owner": DEFAULT_SOCKET.owner(),
    "group": DEFAULT_SOCKET.group(),
}
found["stopped_in_a_session"] = session_stopped_by_systemd()
systemctl("start", UNIT)
found["killed_s"] = until_it_waits_again(signal.SIGKILL)
found["hanging_s"] = until_it_waits_again(signal.SIGSTOP)
Path(sys.argv[1]).write_text(json.dumps(found))
