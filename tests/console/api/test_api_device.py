"""The device over the API: an engine's desk whose sessions a test makes, and a real web server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from andante.commands import (
    AnyCommand,
    Dizzy,
    Item,
    Moment,
    Note,
    NudgeTempo,
    Pause,
    Resume,
    SelfReport,
    Stop,
    Unlock,
)
from andante.control import CommandDone, Doing
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from andante_host.console.accounts.tokens import IDLE_MINUTES
from andante_host.console.app import create_app
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.api import DAYS, Program, programs
from support.clocks import WallClock
from support.console import console_settings
from support.control import SOCKET, Counter, counter_at

_CLOCK = MonotonicClock()
_LONGEST_S = 20
CODE = "P-7"
PLAN = {"exercise": "tap", "tap": {"tempo_bpm": 100, "cued_minutes": 1}}


def wait_until(program: Program, key: str, value: object) -> dict[str, Any]:
    """The device's state as soon as it says so."""
    deadline_ns = _CLOCK.now_ns() + _LONGEST_S * NS_PER_S
    while True:
        found: dict[str, Any] = program.get("/device").json()
        if found[key] == value:
            return found
        assert _CLOCK.now_ns() < deadline_ns, found
        _CLOCK.sleep_until_ns(_CLOCK.now_ns() + 10 * NS_PER_MS)


@contextmanager
def house(folder: Path) -> Iterator[tuple[dict[Role, Program], Counter]]:
    """Programs before an engine's desk."""
    with counter_at(folder / SOCKET) as counter, programs(folder, try_out=True) as everyone:
        wait_until(everyone[Role.THERAPIST], "connected", True)
        yield everyone, counter


def saved_plan(program: Program) -> str:
    """The id of a plan that a new patient has."""
    program.post("/patients", {"code": CODE, "flags": {"epilepsy": True}})
    saved = program.post(f"/patients/{CODE}/plans", {"template": "tap", "plan": PLAN})
    return str(saved.json()["plan_id"])


def test_without_an_engine_it_says_so_and_nothing_is_done(tmp_path: Path) -> None:
    with programs(tmp_path) as everyone:
        program = everyone[Role.THERAPIST]
        assert program.get("/device").json()["connected"] is False
        for path, body in (("hold", {"reason": "a walk"}), ("stop", None)):
            answer = program.post(f"/device/{path}", body)
            assert answer.status_code == 409
            assert "cannot be reached" in answer.json()["detail"]
        trail = program.services.audit.newest(2)
        assert [(entry.action, entry.outcome) for entry in trail] == [
            ("stop", "refused"),
            ("take the device", "refused"),
        ], "a line each"


def test_holding_starting_and_releasing(tmp_path: Path) -> None:
    with house(tmp_path) as (everyone, counter):
        program = everyone[Role.THERAPIST]
        held = program.post("/device/hold", {"reason": "the study"}).json()["holder"]
        assert (held["mine"], held["role"], held["reason"]) == (True, "therapist", "the study")
        seen = everyone[Role.CLINICIAN].get("/device").json()["holder"]
        assert (seen["mine"], seen["name"]) == (False, "program therapist's")
        start = {"plan_id": saved_plan(program), "simulated": True}
        assert program.post("/device/start", start).status_code == 200
        (begun,) = counter.starts
        # The plan as it is kept, with the flags of the patient's record.
        assert begun.plan["tap"]["tempo_bpm"] == 100
        assert (begun.plan["patient_code"], begun.plan["patient"]["epilepsy"]) == (CODE, True)
        assert begun.simulated_patient
        assert program.post("/device/release").json()["holder"] is None
        assert program.post("/device/release").status_code == 409


def test_a_second_program_learns_who_holds_it(tmp_path: Path) -> None:
    with house(tmp_path) as (everyone, _):
        program = everyone[Role.THERAPIST]
        program.post("/device/hold", {"reason": "the study"})
        _, secret = program.services.tokens.make("other", Role.THERAPIST, 1, "administrator")
        other = Program(program.client, program.services, "", secret)
        refused = other.post("/device/hold", {"reason": "a walk"})
        assert refused.status_code == 409
        assert "program therapist's, therapist (the study)" in refused.json()["detail"]
        assert other.post("/device/ask").json()["holder"]["asked_by"] == "program other"


@contextmanager
def carrying_out(counter: Counter, done: list[AnyCommand]) -> Iterator[None]:
    """Commands are taken and carried out, as a runner does every 20 ms."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(0.02):
            for command in counter.desk.take_commands():
                done.append(command)
                counter.publish(CommandDone(command=command))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_each_command_reaches_the_engine_with_its_role_and_source(tmp_path: Path) -> None:
    done: list[AnyCommand] = []
    with house(tmp_path) as (everyone, counter), carrying_out(counter, done):
        program = everyone[Role.THERAPIST]
        program.post("/device/hold", {"reason": "the study"})
        counter.begin()
        for path, body in (
            ("pause", None),
            ("resume", None),
            ("nudge", {"percent": -2.5}),
            ("unlock", {"reason": "asked by the doctor"}),
            ("note", {"text": "stumbled"}),
            ("self-report", {"moment": "before", "item": "mood", "score": 7}),
            ("stop", None),
            ("dizzy", None),
        ):
            answer = program.post(f"/device/{path}", body)
            assert (answer.status_code, answer.json()) == (200, {"carried_out": True}), path
        trail = program.services.audit.newest(9)
        assert [entry.action for entry in reversed(trail)] == [
            "take the device",
            "pause",
            "resume",
            "nudge tempo",
            "unlock",
            "note",
            "self report",
            "stop",
            "dizzy",
        ], "a line each"
        assert {entry.address for entry in trail} == {"testclient"}
    assert done == [
        Pause(source="program"),
        Resume(source="program"),
        NudgeTempo(percent=-2.5, source="program"),
        Unlock(role="therapist", reason="asked by the doctor", source="program"),
        Note(role="therapist", text="stumbled", source="program"),
        SelfReport(moment=Moment.BEFORE, item=Item.MOOD, score=7, source="program"),
        Stop(source="program"),
        Dizzy(source="program"),
    ]


def test_a_command_that_no_session_takes_yet_is_not_called_carried_out(tmp_path: Path) -> None:
    with house(tmp_path) as (everyone, counter):
        program = everyone[Role.THERAPIST]
        program.post("/device/hold", {"reason": "the study"})
        counter.begin()
        assert program.post("/device/pause").json() == {"carried_out": False}


def test_a_program_that_has_gone_holds_the_device_no_longer(tmp_path: Path) -> None:
    clock = WallClock()
    with counter_at(tmp_path / SOCKET), programs(tmp_path, clock) as everyone:
        program, other = everyone[Role.THERAPIST], everyone[Role.CLINICIAN]
        wait_until(other, "connected", True)
        assert program.post("/device/hold", {"reason": "the study"}).status_code == 200
        assert other.get("/device").json()["holder"] is not None
        clock.pass_s(IDLE_MINUTES * 60)
        wait_until(other, "holder", None)


# --- events, over a real web server ---------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn in a thread, until it is told to end."""

    def install_signal_handlers(self) -> None:
        """They belong to the tests' own process."""


@contextmanager
def served(services: Services) -> Iterator[str]:
    """The console behind uvicorn on loopback; its address."""
    config = uvicorn.Config(create_app(services), port=0, log_level="warning", lifespan="on")
    server = _Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    deadline_ns = _CLOCK.now_ns() + _LONGEST_S * NS_PER_S
    while not server.started:
        assert _CLOCK.now_ns() < deadline_ns
        _CLOCK.sleep_until_ns(_CLOCK.now_ns() + 10 * NS_PER_MS)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


def test_events_come_over_the_wire_until_the_token_is_revoked(tmp_path: Path) -> None:
    services = Services.made(console_settings(tmp_path))
    services.users.add(
        "somebody", Role.ADMINISTRATOR, "a slow walk in the park", no_second_factor_reason="a test"
    )
    token, secret = services.tokens.make("watcher", Role.CLINICIAN, DAYS, "administrator")
    headers = {"authorization": f"Bearer {secret}"}
    with (
        counter_at(tmp_path / SOCKET) as counter,
        served(services) as address,
        httpx.Client(base_url=address, headers=headers, timeout=_LONGEST_S) as client,
        client.stream("GET", "/api/v1/device/events") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        seen: dict[str, Any] = {}
        name = ""
        begun = revoked = False
        for line in answer.iter_lines():
            kind, _, rest = line.partition(": ")
            if kind == "event":
                name = rest
            elif kind == "data":
                seen[name] = json.loads(rest)
            if seen.get("engine") == {"connected": True} and not begun:
                begun = True
                counter.begin()
            if seen.get("state", {}).get("doing") == Doing.RUNNING and not revoked:
                revoked = services.tokens.revoke(token.token_id)
        # The stream has ended by itself.
        assert revoked
        assert seen["state"]["patient_code"] == "P7"
        assert seen["holder"] == {"held": False}
