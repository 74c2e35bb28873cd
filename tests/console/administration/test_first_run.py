"""The first start: a secret from the device, once, and then never again."""

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from litestar.testing import TestClient

from andante.timebase import SimulatedClock, seconds_to_ns
from andante_host.console.accounts.problem import AccountError
from andante_host.console.first_run import EXPIRES_AFTER_MINUTES, FirstRunError
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.console import ORIGIN, PASSWORD, Visitor, application, console_settings

START_UTC = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@contextmanager
def new_device(folder: Path, clock: SimulatedClock | None = None) -> Iterator[Visitor]:
    """A console that nobody has set up yet."""
    services = Services.made(console_settings(folder), clock)
    with application(services) as app, TestClient(app, base_url=ORIGIN) as client:
        yield Visitor(client, services)


def fields(secret: str, password: str = PASSWORD, again: str = PASSWORD) -> dict[str, str]:
    """What the form sends."""
    return {"secret": secret, "name": "Ida", "password": password, "password_again": again}


def secret_of(visitor: Visitor) -> str:
    """As the console makes one at its start."""
    secret = visitor.services.first_run.new_secret()
    assert secret is not None
    return secret


def test_until_it_is_set_up_every_page_leads_there_and_programs_are_told(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        for path in ("/", "/login", "/patients", "/admin", "/admin/users", "/live"):
            answer = visitor.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
        assert visitor.get("/static/andante.css").status_code == 200
        told = visitor.get("/api/v1/openapi.json")
        assert told.status_code == 403
        assert "not set up" in told.json()["detail"]


def test_the_secret_makes_one_administrator_and_the_page_is_gone(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        secret = secret_of(visitor)
        assert re.fullmatch(r"([0-9a-z]{4}-){6}[0-9a-z]{4}", secret)
        answer = visitor.post("/setup", fields(secret))
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        (user,) = visitor.services.users.all()
        assert (user.name, user.role) == ("Ida", Role.ADMINISTRATOR)
        assert user.must_set_second_factor
        assert visitor.get("/setup").status_code == 404
        assert visitor.post("/setup", fields(secret)).status_code == 404
        assert visitor.get("/").headers["location"] == "/login"
        assert visitor.services.first_run.new_secret() is None
        (entry,) = visitor.services.audit.newest(1, containing="first set-up")
        assert (entry.subject, entry.outcome) == ("Ida", "done")


def test_it_is_read_as_people_type(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        secret = secret_of(visitor)
        typed = secret.upper().replace("-", " ").replace("0", "o").replace("1", "L")
        visitor.services.first_run.make_administrator(typed, "Ida", PASSWORD)


def test_a_wrong_secret_is_refused_logged_and_soon_not_even_looked_at(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        secret = secret_of(visitor)
        statuses = [visitor.post("/setup", fields("guess")).status_code for _ in range(11)]
        assert statuses == [400] * 10 + [429]
        assert visitor.post("/setup", fields(secret)).status_code == 429
        assert visitor.services.users.all() == []
        refused = visitor.services.audit.newest(20, containing="first set-up")
        assert len(refused) == 10
        assert {entry.outcome for entry in refused} == {"refused"}


def test_the_secret_ends_after_half_an_hour(tmp_path: Path) -> None:
    clock = SimulatedClock(utc=START_UTC)
    with new_device(tmp_path, clock) as visitor:
        first_run = visitor.services.first_run
        secret = secret_of(visitor)
        clock.sleep_until_ns(clock.now_ns() + seconds_to_ns(EXPIRES_AFTER_MINUTES * 60 - 1))
        with pytest.raises(AccountError):  # in time: it is the password that is refused
            first_run.make_administrator(secret, "Ida", "short")
        clock.sleep_until_ns(clock.now_ns() + seconds_to_ns(1))
        with pytest.raises(FirstRunError, match="half hour"):
            first_run.make_administrator(secret, "Ida", PASSWORD)


def test_a_new_start_makes_the_old_secret_worthless(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        old, new = secret_of(visitor), secret_of(visitor)
        with pytest.raises(FirstRunError):
            visitor.services.first_run.make_administrator(old, "Ida", PASSWORD)
        visitor.services.first_run.make_administrator(new, "Ida", PASSWORD)


def test_it_is_kept_as_a_hash_and_in_a_file_for_its_user_alone(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        secret = secret_of(visitor)
        file = tmp_path / "state/first-run-secret.txt"
        assert file.read_text().startswith(f"{secret}\n")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        plain = secret.replace("-", "").encode()
        for path in (tmp_path / "state").glob("console.db*"):
            assert secret.encode() not in path.read_bytes()
            assert plain not in path.read_bytes()
        visitor.services.first_run.make_administrator(secret, "Ida", PASSWORD)
        assert not file.exists()


def test_a_password_that_will_not_do_leaves_the_secret_good(tmp_path: Path) -> None:
    with new_device(tmp_path) as visitor:
        secret = secret_of(visitor)
        for password, again, words in (
            ("qX7+z", "qX7+z", "too short"),
            (PASSWORD, "another one", "not the same"),
        ):
            answer = visitor.post("/setup", fields(secret, password, again))
            assert answer.status_code == 400
            assert words in answer.text
            assert password not in answer.text
        assert visitor.post("/setup", fields(secret)).status_code == 303
