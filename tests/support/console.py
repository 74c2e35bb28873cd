"""A console without a browser: the application under Litestar's test client, logged in by role."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from andante.timebase import Clock
from andante_host.console.app import create_app
from andante_host.console.principal import PEOPLE, Role
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings

ORIGIN = "https://andante.test"
PASSWORD = "a slow walk in the park"
_IDLE: list[Litestar] = []
_PEOPLE: list[dict[str, Any]] = []
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass
class Visitor:
    """One browser's worth of cookies."""

    client: TestClient[Litestar]
    services: Services

    def get(self, path: str, **options: Any) -> Response:
        """Look at a page; redirects are not followed unless asked."""
        return self.client.get(path, **{"follow_redirects": False, **options})

    def csrf_token(self, path: str = "/login") -> str:
        """As a page's head has it."""
        found = _TOKEN.search(self.client.get(path).text)
        assert found is not None
        return found.group(1)

    def post(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> Response:
        """Send a form with its token."""
        data = {"_csrf_token": self.csrf_token(), **(fields or {})}
        return self.client.post(path, data=data, **{"follow_redirects": False, **options})

    def log_in(self, name: str, password: str = PASSWORD) -> Response:
        """As the form does."""
        return self.post("/login", {"name": name, "password": password})


def console_settings(folder: Path, **changes: Any) -> ConsoleSettings:
    """Everything in one folder."""
    sessions = folder / "sessions"
    sessions.mkdir(exist_ok=True)
    values: dict[str, Any] = {
        "state_dir": folder / "state",
        "sessions_dir": sessions,
        "engine_socket": folder / "engine.sock",
        "origin": ORIGIN,
    }
    return ConsoleSettings(**{**values, **changes})


@contextmanager
def console(
    folder: Path, role: Role | None = None, clock: Clock | None = None, **changes: Any
) -> Iterator[Visitor]:
    """The application with a user for each role, named as the role is; one of them logged in."""
    services = Services.made(console_settings(folder, **changes), clock)
    _add_people(services)
    with application(services) as app, TestClient(app, base_url=ORIGIN) as client:
        visitor = Visitor(client, services)
        if role is not None:
            visitor.log_in(role)
        yield visitor


def _add_people(services: Services) -> None:
    """A user for each role; their passwords are hashed once, as that is slow on purpose."""
    if not _PEOPLE:
        for each in PEOPLE:
            services.users.add(
                each,
                each,
                PASSWORD,
                must_change_password=False,
                no_second_factor_reason="a test's user",
            )
        _PEOPLE.extend(dict(row) for row in services.database.rows("SELECT * FROM users"))
        return
    with services.database.changes() as connection:
        for user in _PEOPLE:
            places = ", ".join(f":{column}" for column in user)
            connection.execute(f"INSERT INTO users ({', '.join(user)}) VALUES ({places})", user)


@contextmanager
def application(services: Services) -> Iterator[Litestar]:
    """An application on these parts, after which it waits for the next test's.

    What it knows of a console is in its state and its store of logins alone; making one takes half
    a second. One under a certificate sends other headers, and is made for itself.
    """
    if services.settings.certificate is not None:
        yield create_app(services)
        return
    if _IDLE:
        app = _IDLE.pop()
        app.stores.register("sessions", services.sessions, allow_override=True)
        services.keep_in(app.state)
    else:
        app = create_app(services)
    yield app
    _IDLE.append(app)
