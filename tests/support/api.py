"""A console and programs with a token of each role, without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from andante.timebase import Clock
from andante_host.console.principal import PEOPLE, Role
from andante_host.console.services import Services
from support.console import console

API = "/api/v1"
DAYS = 30


@dataclass
class Program:
    """One program with its token."""

    client: TestClient[Litestar]
    services: Services
    token_id: str
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        """What goes with each request."""
        return {"authorization": f"Bearer {self.secret}"}

    def ask(self, method: str, path: str, **options: Any) -> Response:
        """Any request; `path` follows /api/v1."""
        headers = {**self.headers, **options.pop("headers", {})}
        self.client.cookies.clear()
        return self.client.request(method, API + path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Response:
        """Ask for something."""
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Response:
        """Have something done; `body` goes as JSON."""
        return self.ask("POST", path, **({} if body is None else {"json": body}), **options)

    def put(self, path: str, body: Any) -> Response:
        """Change something."""
        return self.ask("PUT", path, json=body)


@contextmanager
def programs(
    folder: Path, clock: Clock | None = None, **changes: Any
) -> Iterator[dict[Role, Program]]:
    """A console with a program for each role that a person can have."""
    with console(folder, clock=clock, **changes) as visitor:
        made = {
            role: visitor.services.tokens.make(f"{role}'s", role, DAYS, "administrator")
            for role in PEOPLE
        }
        yield {
            role: Program(visitor.client, visitor.services, token.token_id, secret)
            for role, (token, secret) in made.items()
        }
