"""The live page and its forms, without a browser and without the page's script."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from andante.control import Doing
from andante_host.console.device.forms import Asked, command_of
from andante_host.console.device.problem import DeviceError
from andante_host.console.device.routes import messages_for
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.console import Visitor, console
from support.device import WALK, end_login, engine_in, somebody, wait_until

AS_SCRIPT = {"accept": "application/json"}


def start(visitor: Visitor) -> None:
    """Somebody's session is under way, and nobody holds the device."""
    device, services = visitor.services.device, visitor.services

    async def begin() -> None:
        starter = somebody(services, "starter")
        await device.start(starter, WALK, attended=False, simulated=True)
        await device.release(starter)

    wait_until(lambda: device.connected)
    _portal(visitor.client).call(begin)
    wait_until(lambda: device.progress is not None)


def _portal(client: TestClient[Any]) -> Any:
    return client.blocking_portal


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A clinician before a device where somebody's session runs, for tests that only look."""
    folder = tmp_path_factory.mktemp("running")
    with engine_in(folder), console(folder, Role.CLINICIAN, try_out=True) as visitor:
        start(visitor)
        yield visitor


def test_without_an_engine_the_page_says_that_it_sees_nothing(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        text = visitor.get("/live").text
        assert 'data-mode="away"' in text
        assert "cannot see what the device does" in text


def test_who_may_see_and_who_may_command(tmp_path: Path) -> None:
    for role, sees, commands in (
        (Role.THERAPIST, 200, 303),
        (Role.CLINICIAN, 200, 403),
        (Role.ADMINISTRATOR, 200, 403),
    ):
        folder = tmp_path / role
        folder.mkdir()
        with console(folder, role) as visitor:
            answer = visitor.get("/live")
            assert answer.status_code == sees
            assert ('value="stop"' in answer.text) == (role is Role.THERAPIST)
            for address in ("/device/command", "/device/hold", "/device/release", "/device/ask"):
                fields = {"command": "stop"} if address.endswith("command") else {}
                assert visitor.post(address, fields).status_code == commands, (role, address)


def test_forms_without_a_token_change_nothing(tmp_path: Path) -> None:
    with engine_in(tmp_path), console(tmp_path, Role.THERAPIST) as visitor:
        wait_until(lambda: visitor.services.device.connected)
        answer = visitor.client.post("/device/hold", data={"reason": "x"}, follow_redirects=False)
        assert answer.status_code == 403
        assert visitor.services.device.holder_of() is None


def test_a_session_is_shown_commanded_and_stopped_by_plain_forms(tmp_path: Path) -> None:
    with engine_in(tmp_path), console(tmp_path, Role.THERAPIST, try_out=True) as visitor:
        start(visitor)
        device = visitor.services.device
        text = visitor.get("/live").text
        assert 'data-mode="running"' in text
        assert "Walk, P7" in text
        assert "Simulated:" in text
        wait_until(lambda: device.progress is not None and bool(device.progress.cues.at_s))
        assert "The limits allow 108.0 to 132.0 steps/min." in visitor.get("/live").text

        pressed = visitor.post("/device/command", {"command": "pause"})
        assert pressed.headers["location"] == "/live"
        page = visitor.get("/live").text
        assert "Paused: the device is silent" in page
        assert "You have it" in page, "a free device is taken by commanding"
        wait_until(lambda: device.progress is not None and device.progress.paused)

        visitor.post("/device/command", {"command": "pause"})
        assert "paused already" in visitor.get("/live").text

        visitor.post("/device/command", {"command": "stop"})
        wait_until(lambda: device.ended is not None)
        wait_until(lambda: device.state is not None and device.state.doing is Doing.WAITING)
        (path,) = (tmp_path / "sessions").glob("*.andante")
        assert f"/sessions/{path.name}" in visitor.get("/live").text


def test_the_pages_script_gets_answers_as_json(tmp_path: Path) -> None:
    with engine_in(tmp_path), console(tmp_path, Role.THERAPIST) as visitor:
        wait_until(lambda: visitor.services.device.connected)
        held = visitor.post("/device/hold", {"reason": "a walk"}, headers=AS_SCRIPT)
        assert (held.status_code, held.json()) == (200, {"sentence": "You have the device."})
        refused = visitor.post("/device/command", {"command": "resume"}, headers=AS_SCRIPT)
        assert refused.status_code == 409
        assert refused.json() == {"detail": "No session is under way."}
        assert "held by" not in visitor.get("/live").text
        entry = visitor.services.audit.newest(1)[0]
        assert (entry.action, entry.outcome) == ("resume", "refused")


def test_looking_is_logged_once_for_each_session(running: Visitor) -> None:
    for _ in range(3):
        running.get("/live")
    looks = [e for e in running.services.audit.newest(50) if e.action == "watch live"]
    assert [(e.who, e.subject) for e in looks] == [("clinician", "P7")]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(""),
        Asked("self_destruct"),
        Asked("nudge_tempo", percent=""),
        Asked("nudge_tempo", percent="nan"),
        Asked("nudge_tempo", percent="21"),
        Asked("nudge_tempo", percent="1e999"),
        Asked("note", text="  "),
        Asked("unlock"),
        Asked("note", text="x" * 501),
    ],
)
def test_what_is_no_command_is_refused_in_a_sentence(asked: Asked) -> None:
    with pytest.raises(DeviceError) as refused:
        command_of(asked, "therapist")
    assert str(refused.value).endswith(".")


# --- events -----------------------------------------------------------------------------------


def events_until(
    visitor: Visitor, services: Services, wanted: str, **who: Any
) -> list[tuple[str, dict[str, Any]]]:
    """What a page gets until an event of one name has come, with the fields of each."""
    got: list[tuple[str, dict[str, Any]]] = []

    async def read() -> None:
        principal = somebody(services, **who)
        async for message in messages_for(principal, services):
            assert message.event is not None
            assert isinstance(message.data, str)
            got.append((message.event, json.loads(message.data)))
            if message.event == wanted:
                return

    _portal(visitor.client).call(read)
    return got


def test_a_page_learns_first_how_everything_is(running: Visitor) -> None:
    got = events_until(running, running.services, "time", name="ben")
    names = [name for name, _ in got]
    assert names[:4] == ["engine", "state", "progress", "holder"]
    fields = dict(got)
    assert fields["engine"] == {"connected": True}
    assert fields["state"]["patient_code"] == "P7"
    assert fields["state"]["facts"]["simulated_parts"]
    assert fields["holder"] == {"held": False}


def test_a_patients_tablet_learns_nothing_of_another_patients_session(running: Visitor) -> None:
    for code, sees in (("P7", True), ("P8", False)):
        who = {"name": "tablet", "role": Role.PATIENT_VIEW, "patient_code": code}
        got = events_until(running, running.services, "time", **who)
        assert ("state" in dict(got)) == sees
        assert ("P7" in json.dumps(got)) == sees


def test_events_end_with_the_login(tmp_path: Path) -> None:
    with engine_in(tmp_path), console(tmp_path, Role.THERAPIST) as visitor:
        services = visitor.services
        wait_until(lambda: services.device.connected)

        async def read() -> list[str]:
            principal = somebody(services, "ben")
            names: list[str] = []
            async for message in messages_for(principal, services):
                names.append(str(message.event))
                if names.count("time") == 1:
                    end_login(services, principal)
            return names

        assert _portal(visitor.client).call(read).count("time") == 1
