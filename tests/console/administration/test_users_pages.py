"""Users, as an administrator looks after them."""

import re
from pathlib import Path

import pytest

from andante_host.console.principal import Role
from support.console import PASSWORD, Visitor, console

_PASSWORD = re.compile(r"<code>([^<]+)</code>")


def path_of(visitor: Visitor, name: str, action: str = "") -> str:
    """A user's page, or something to do there."""
    user = visitor.services.users.by_name(name)
    assert user is not None
    return f"/admin/users/{user.user_id}{action}"


def shown_password(text: str) -> str:
    """The one on the page."""
    found = _PASSWORD.search(text)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.CLINICIAN])
def test_these_pages_are_an_administrators(tmp_path: Path, role: Role) -> None:
    with console(tmp_path, role) as visitor:
        for path in ("/admin", "/admin/users", "/admin/backup", "/admin/network"):
            assert visitor.get(path).status_code == 403
        assert visitor.post("/admin/users", {"name": "X", "role": "clinician"}).status_code == 403
        assert visitor.services.users.by_name("X") is None


def test_nobody_is_sent_to_the_login(tmp_path: Path) -> None:
    with console(tmp_path) as visitor:
        assert visitor.get("/admin/users").headers["location"] == "/login"


def test_a_user_is_added_with_a_password_that_is_shown_once(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        answer = visitor.post("/admin/users", {"name": "Ben", "role": "therapist"})
        password = shown_password(answer.text)
        user = visitor.services.users.with_password("Ben", password)
        assert user is not None
        assert user.must_change_password
        assert user.must_set_second_factor
        assert password not in visitor.get("/admin/users").text
        assert password not in visitor.get(path_of(visitor, "Ben")).text
        (entry,) = visitor.services.audit.newest(1, containing="add user")
        assert (entry.who, entry.subject, entry.detail) == ("administrator", "Ben", "therapist")


def test_a_reason_stands_for_the_second_factor(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        reason = "a tablet that stays in the locked room"
        visitor.post("/admin/users", {"name": "Ben", "role": "therapist", "reason": reason})
        assert reason in visitor.get("/admin/users").text
        (entry,) = visitor.services.audit.newest(1, containing="add user")
        assert reason in entry.detail
        visitor.post(path_of(visitor, "Ben", "/without-second-factor"))
        user = visitor.services.users.by_name("Ben")
        assert user is not None
        assert user.must_set_second_factor


REFUSED = (
    {"name": "therapist", "role": "clinician"},
    {"name": "", "role": "clinician"},
    {"name": "Ben", "role": "patient-view"},
    {"name": "Ben", "role": "king"},
    {"name": "Ben\nroot", "role": "clinician"},
)


def test_what_will_not_do_is_refused_with_nothing_changed(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        before = visitor.services.users.all()
        for fields in REFUSED:
            assert visitor.post("/admin/users", fields).status_code == 400
        assert visitor.services.users.all() == before
        assert visitor.get("/admin/users/0").status_code == 404
        assert visitor.post("/admin/users/0/disable").status_code == 404


def test_a_new_first_password_ends_the_old_one_and_the_login(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        assert visitor.get("/").headers["location"] == "/patients"
        theirs = visitor.client.cookies["__Host-andante"]
        visitor.client.cookies.delete("__Host-andante")
        visitor.log_in("administrator")
        answer = visitor.post(path_of(visitor, "therapist", "/password"))
        password = shown_password(answer.text)
        users = visitor.services.users
        assert users.with_password("therapist", PASSWORD) is None
        assert users.with_password("therapist", password) is not None
        assert all(password not in entry.detail for entry in visitor.services.audit.newest())
        visitor.client.cookies.clear()
        visitor.client.cookies.set("__Host-andante", theirs, domain="andante.test")
        assert visitor.get("/").headers["location"] == "/login"


def test_a_disabled_user_is_out_until_enabled(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        users = visitor.services.users
        visitor.post(path_of(visitor, "therapist", "/disable"))
        assert users.with_password("therapist", PASSWORD) is None
        assert "disabled" in visitor.get("/admin/users").text
        visitor.post(path_of(visitor, "therapist", "/enable"))
        assert users.with_password("therapist", PASSWORD) is not None


def test_another_role(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        visitor.post(path_of(visitor, "therapist", "/role"), {"role": "clinician"})
        user = visitor.services.users.by_name("therapist")
        assert user is not None
        assert user.role == Role.CLINICIAN
        (entry,) = visitor.services.audit.newest(1, containing="change role")
        assert (entry.subject, entry.detail) == ("therapist", "clinician")


def test_the_last_administrator_stays(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        for action, fields in (("/disable", {}), ("/role", {"role": "therapist"})):
            answer = visitor.post(path_of(visitor, "administrator", action), fields)
            assert answer.status_code == 400
            assert "last administrator" in answer.text
            user = visitor.services.users.by_name("administrator")
            assert user is not None
            assert (user.role, user.disabled_utc) == (Role.ADMINISTRATOR, None)
            (entry,) = visitor.services.audit.newest(1)
            assert entry.outcome == "refused"


def test_a_forgotten_second_factor(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        users = visitor.services.users
        user = users.by_name("therapist")
        assert user is not None
        users.set_second_factor(user.user_id, "JBSWY3DPEHPK3PXP", used_step=1)
        assert "Phone lost" in visitor.get(path_of(visitor, "therapist")).text
        visitor.post(path_of(visitor, "therapist", "/second-factor"))
        assert users.second_factor(user.user_id) is None
