"""Looks at the engine's service from inside a container that runs nothing else; prints JSON."""

import json
import signal
import sys
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
from support.container import Unit

UNIT = Unit("andante-engine.service")
PLAN = {
    "exercise": "tap",
    "tap": {"tempo_bpm": 120, "cued_minutes": 5},
    "outputs": {"sound": False, "led": False},
}


def session_stopped_by_systemd() -> dict[str, Any]:
    with ControlClient(DEFAULT_SOCKET) as client:
        client.ask(Hold(role="tester", holder="container", reason="look"))
        client.ask(Start(plan=PLAN, simulated_patient=True))
        seen = 0
        while seen < 10:
            event = client.next_event(60)
            assert event is not None
            seen += isinstance(event, LiveProgress)
        stopped_s = UNIT.do("stop")
        while not isinstance(event := client.next_event(5), SessionEnded):
            assert event is not None
    assert event.path is not None
    return {
        "stopped_s": stopped_s,
        "result": UNIT.shown("Result"),
        "file_is_complete": load_session(Path(event.path)).complete,
    }


def is_waiting() -> bool:
    return UNIT.shown("StatusText") == "waiting"


found: dict[str, Any] = {"state": UNIT.shown("ActiveState"), "status": UNIT.shown("StatusText")}
mode = DEFAULT_SOCKET.stat().st_mode
found["socket"] = {
    "mode": oct(mode & 0o777),
    "owner": DEFAULT_SOCKET.owner(),
    "group": DEFAULT_SOCKET.group(),
}
found["stopped_in_a_session"] = session_stopped_by_systemd()
UNIT.do("start")
found["killed_s"] = UNIT.until_it_is_back(signal.SIGKILL, is_waiting)
found["hanging_s"] = UNIT.until_it_is_back(signal.SIGSTOP, is_waiting)
Path(sys.argv[1]).write_text(json.dumps(found))
