"""Logging in and out, without a browser."""

from pathlib import Path

from andante_host.console.principal import Role
from support.console import console


def test_who_is_not_logged_in_is_sent_to_the_login(tmp_path: Path) -> None:
    with console(tmp_path) as visitor:
        answer = visitor.get("/")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/login"


def test_a_wrong_password_is_refused_and_logged(tmp_path: Path) -> None:
    with console(tmp_path) as visitor:
        answer = visitor.log_in("therapist", "not it")
        assert answer.status_code == 401
        assert "not right" in answer.text
        (entry,) = visitor.services.audit.newest(1)
        assert (entry.action, entry.subject, entry.outcome) == ("log in", "therapist", "refused")


def test_a_login_leads_to_the_role_and_ends_on_the_server(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        assert visitor.get("/").headers["location"] == "/patients"
        cookie = visitor.client.cookies["__Host-andante"]
        visitor.post("/logout")
        visitor.client.cookies.set("__Host-andante", cookie, domain="andante.test")
        assert visitor.get("/").headers["location"] == "/login"
