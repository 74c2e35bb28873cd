"""Users, and what an administrator changes about them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante_host.console.accounts.problem import AccountError
from andante_host.console.accounts.users import FIRST_PASSWORD_DAYS, User, Users
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.clocks import WallClock
from support.console import PASSWORD, console, console_settings


@pytest.fixture
def users(tmp_path: Path) -> Users:
    made = Services.made(console_settings(tmp_path)).users
    made.add("ada", Role.ADMINISTRATOR, PASSWORD)
    return made


def _user(users: Users, name: str = "ada") -> User:
    found = users.by_name(name)
    assert found is not None
    return found


def test_the_last_administrator_stays(users: Users) -> None:
    ada = _user(users)
    with pytest.raises(AccountError, match="last administrator"):
        users.disable(ada.user_id)
    with pytest.raises(AccountError, match="last administrator"):
        users.set_role(ada.user_id, Role.THERAPIST)
    bob = users.add("bob", Role.ADMINISTRATOR, PASSWORD)
    users.disable(ada.user_id)
    with pytest.raises(AccountError, match="last administrator"):
        users.set_role(bob.user_id, Role.CLINICIAN)
    users.enable(ada.user_id)
    users.set_role(bob.user_id, Role.CLINICIAN)


def test_a_disabled_user_comes_in_with_nothing(users: Users) -> None:
    bob = users.add("bob", Role.CLINICIAN, PASSWORD)
    users.set_second_factor(bob.user_id, "JBSWY3DPEHPK3PXP", 1)
    users.disable(bob.user_id)
    assert users.with_password("bob", PASSWORD) is None
    assert users.second_factor(bob.user_id) is None
    session = {"user_id": bob.user_id, "logged_in": True, "key": "k"}
    assert users.principal_of_session(session) is None


def test_a_name_is_one_persons_whatever_its_capitals(users: Users) -> None:
    with pytest.raises(AccountError, match="already"):
        users.add(" ADA ", Role.CLINICIAN, PASSWORD)
    assert _user(users, "Ada").role == Role.ADMINISTRATOR


def test_doing_without_a_second_factor_takes_a_written_reason(users: Users) -> None:
    ada = _user(users)
    assert ada.must_set_second_factor
    for empty in ("", "  \n", "x" * 201):
        with pytest.raises(AccountError, match="reason"):
            users.allow_without_second_factor(ada.user_id, empty)
    users.allow_without_second_factor(ada.user_id, "no phone in the pool area")
    assert not _user(users).must_set_second_factor
    users.allow_without_second_factor(ada.user_id, None)
    assert _user(users).must_set_second_factor


def test_who_is_not_there_cannot_be_changed(users: Users) -> None:
    for change in (users.enable, users.disable, users.reset_second_factor):
        with pytest.raises(AccountError, match="no such user"):
            change("nobody")


def test_a_patients_tablet_is_nobodys_role(users: Users) -> None:
    with pytest.raises(AccountError, match="Nobody can have the role"):
        users.add("tablet", Role.PATIENT_VIEW, PASSWORD)
    with pytest.raises(AccountError, match="Nobody can have the role"):
        users.set_role(_user(users).user_id, Role.PATIENT_VIEW)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(codec=None), max_size=80))
def test_any_name_is_refused_in_a_sentence_or_found_again(users: Users, name: str) -> None:
    try:
        added = users.add(name, Role.CLINICIAN, PASSWORD)
    except AccountError:
        return
    assert users.by_name(name) == added
    assert added.name.isprintable()


def test_a_given_password_opens_for_a_week_unless_it_was_changed(tmp_path: Path) -> None:
    clock = WallClock()
    with console(tmp_path, clock=clock) as visitor:
        users = visitor.services.users
        for name in ("early", "late"):
            users.add(name, Role.CLINICIAN, PASSWORD, no_second_factor_reason="a test")
        clock.pass_s(FIRST_PASSWORD_DAYS * 86_400 - 60)
        assert visitor.log_in("early").status_code == 303
        new = {"new_password": "a good long one", "new_password_again": "a good long one"}
        visitor.post("/account/password", {"password": PASSWORD, **new})
        visitor.client.cookies.clear()
        clock.pass_s(120)
        refused = visitor.log_in("late")
        assert refused.status_code == 401
        assert "more than 7 days ago" in refused.text
        assert "7 days" not in visitor.log_in("late", "not the password").text
        entry = visitor.services.audit.newest(1)[0]
        assert (entry.action, entry.subject, entry.outcome) == ("log in", "late", "refused")
        assert visitor.log_in("early", "a good long one").status_code == 303
        visitor.client.cookies.clear()
        late = users.by_name("late")
        assert late is not None
        users.set_password(late.user_id, PASSWORD)
        assert visitor.log_in("late").status_code == 303


def test_a_given_password_is_changed_before_anything_else(tmp_path: Path) -> None:
    with console(tmp_path) as visitor:
        users = visitor.services.users
        users.add("newcomer", Role.ADMINISTRATOR, PASSWORD, no_second_factor_reason="a test")
        visitor.log_in("newcomer")
        assert visitor.get("/admin").headers["location"] == "/account"
        assert visitor.post("/admin/users", {"name": "mallory"}).status_code == 403
        assert "Choose a password of your own first" in visitor.get("/account").text

        def change(now: str, new: str, again: str) -> int:
            form = {"password": now, "new_password": new, "new_password_again": again}
            return visitor.post("/account/password", form).status_code

        assert change("not mine", "a good long one", "a good long one") == 401
        assert change(PASSWORD, PASSWORD, PASSWORD) == 400
        assert change(PASSWORD, "password1", "password1") == 400
        assert change(PASSWORD, "a good long one", "a good long two") == 400
        assert visitor.get("/admin").status_code == 303
        assert change(PASSWORD, "a good long one", "a good long one") == 303
        assert visitor.get("/admin").status_code == 200
