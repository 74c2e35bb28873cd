"""A console's device at a real engine, whose sessions run on a simulated patient in real time."""

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from andante.control import ControlClient, ControlError
from andante.notify import Notifier
from andante.serve import Engine, ServeSettings
from andante.timebase import MonotonicClock, seconds_to_ns
from andante_host.console.device.device import Device
from andante_host.console.principal import Principal, Role
from andante_host.console.services import Services
from support.console import console_settings

WAIT_S = 20.0
_LOOK_S = 0.01
_CLOCK = MonotonicClock()
WALK: dict[str, Any] = {
    "exercise": "walk",
    "patient_code": "P7",
    "walk": {"baseline_s": 0.5, "tempo_spm": 120, "cued_minutes": 5},
    "outputs": {"sound": False, "led": False},
}
"""The first beat is due half a second after the session's beginning."""


@contextmanager
def engine_in(folder: Path) -> Iterator[Engine]:
    """An engine that serves at the socket where `console_settings` looks for it."""
    settings = ServeSettings(socket_path=folder / "engine.sock", out_dir=folder / "sessions")
    engine = Engine(settings, Notifier())
    thread = threading.Thread(target=engine.run, daemon=True)
    thread.start()
    wait_until(lambda: _listens(settings.socket_path))
    try:
        yield engine
    finally:
        engine.ask_to_end()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def _listens(path: Path) -> bool:
    try:
        ControlClient(path).close()
    except ControlError:
        return False
    return True


def somebody(
    services: Services, name: str, role: Role = Role.THERAPIST, patient_code: str | None = None
) -> Principal:
    """A user's new login, as the page would know it."""
    user = services.users.by_name(name)
    if user is None:
        user = services.users.add(
            name,
            Role.THERAPIST if role is Role.PATIENT_VIEW else role,
            "a slow walk in the park",
            must_change_password=False,
            no_second_factor_reason="a test's user",
        )
    key = secrets.token_hex(8)
    facts = {"user_id": user.user_id, "login_key": key, "address": "::1", "browser": "a test"}
    services.sessions.begin(_session_id(key), b"{}", facts)
    return Principal(user.user_id, name, role, key, patient_code=patient_code)


def end_login(services: Services, principal: Principal) -> None:
    """As logging out does."""
    services.sessions.forget(_session_id(principal.key))


def _session_id(key: str) -> str:
    return f"session of {key}"


def with_device(
    folder: Path, scenario: Callable[[Services, Device], Awaitable[None]], **changes: Any
) -> None:
    """Run a scenario with a console's parts whose device is going on and has met the engine."""
    services = Services.made(console_settings(folder, **{"try_out": True, **changes}))

    async def run() -> None:
        async with services.device.going_on():
            await until(lambda: services.device.connected)
            await scenario(services, services.device)

    try:
        asyncio.run(run())
    finally:
        services.database.close()


async def until(is_so: Callable[[], bool], within_s: float = WAIT_S) -> None:
    """Wait on the event loop."""
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(_LOOK_S)


def wait_until(is_so: Callable[[], bool], within_s: float = WAIT_S) -> None:
    """Wait on a thread of one's own."""
    deadline_ns = _CLOCK.now_ns() + seconds_to_ns(within_s)
    while not is_so():
        assert _CLOCK.now_ns() < deadline_ns, "it did not come"
        _CLOCK.sleep_until_ns(_CLOCK.now_ns() + seconds_to_ns(_LOOK_S))
