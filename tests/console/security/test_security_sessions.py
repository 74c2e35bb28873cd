"""A login's life: it begins anew, ends by itself, and ends on the server."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from andante_host.console.principal import Role
from andante_host.console.security.sessions import COOKIE, IDLE_TIMEOUT_S, LONGEST_S
from support.clocks import WallClock
from support.console import ORIGIN, PASSWORD, Visitor, console

_DOMAIN = "andante.test"


def _is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


def _with_cookie(visitor: Visitor, value: str) -> None:
    visitor.client.cookies.clear()
    visitor.client.cookies.set(COOKIE, value, domain=_DOMAIN)


def test_an_id_that_a_stranger_planted_is_never_taken(visitor: Visitor) -> None:
    planted = "ab" * 32
    visitor.client.cookies.set(COOKIE, planted, domain=_DOMAIN)
    visitor.log_in("therapist")
    given = {cookie.value for cookie in visitor.client.cookies.jar if cookie.name == COOKIE}
    assert given - {planted}
    _with_cookie(visitor, planted)
    assert not _is_in(visitor)


def test_the_id_changes_at_each_login_and_the_old_one_is_worth_nothing(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    first = visitor.client.cookies[COOKIE]
    assert len(bytes.fromhex(first)) * 8 == 256
    visitor.log_in("therapist")
    second = visitor.client.cookies[COOKIE]
    assert first != second
    _with_cookie(visitor, first)
    assert not _is_in(visitor)


def test_the_cookie_is_for_this_origin_over_https_and_no_script(visitor: Visitor) -> None:
    assert f"{COOKIE}=" not in visitor.get("/login").headers.get("set-cookie", "")
    answer = visitor.log_in("therapist")
    (cookie,) = [
        one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE + "=")
    ]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert COOKIE.startswith("__Host-")


def test_it_ends_after_half_an_hour_without_use(visitor: Visitor, clock: WallClock) -> None:
    visitor.log_in(Role.THERAPIST)
    for _ in range(3):
        clock.pass_s(IDLE_TIMEOUT_S - 61)
        assert _is_in(visitor), "use begins the half hour anew"
    cookie = visitor.client.cookies[COOKIE]
    clock.pass_s(IDLE_TIMEOUT_S + 1)
    _with_cookie(visitor, cookie)
    assert not _is_in(visitor)


def test_it_ends_after_twelve_hours_however_busy(visitor: Visitor, clock: WallClock) -> None:
    visitor.log_in(Role.THERAPIST)
    step_s = 20 * 60
    for _ in range(LONGEST_S // step_s - 1):
        clock.pass_s(step_s)
        assert _is_in(visitor)
    clock.pass_s(step_s)
    assert not _is_in(visitor)


def test_an_ended_session_changes_nothing_and_is_logged(visitor: Visitor, clock: WallClock) -> None:
    visitor.log_in(Role.ADMINISTRATOR)
    token = visitor.csrf_token()
    clock.pass_s(IDLE_TIMEOUT_S + 1)
    answer = visitor.client.post(
        "/admin/tokens",
        data={"_csrf_token": token, "name": "x", "role": "clinician", "days": "3"},
        follow_redirects=False,
    )
    assert answer.status_code == 401
    assert "x" not in {token.name for token in visitor.services.tokens.all()}
    (entry,) = visitor.services.audit.newest(1)
    assert (entry.who, entry.outcome) == ("-", "refused")


def test_a_clock_that_was_set_back_keeps_no_session_alive(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    visitor.services.database.write(
        "UPDATE web_sessions SET seen_s = seen_s + 86400, expires_s = expires_s + 86400"
    )
    assert not _is_in(visitor)


def test_logout_ends_it_on_the_server_even_for_a_request_under_way(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    cookie = visitor.client.cookies[COOKIE]
    store = visitor.services.sessions
    data = store.data_of(cookie)
    assert data is not None
    visitor.post("/logout")
    # What an answer does that was being made while the logout came.
    store.change(cookie, data)
    store.note_seen(cookie)
    _with_cookie(visitor, cookie)
    assert not _is_in(visitor)


def test_a_changed_or_forged_cookie_is_a_strangers(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    good = visitor.client.cookies[COOKIE]
    key_hash = visitor.services.database.rows("SELECT key_hash FROM web_sessions")[0][0]
    last = "0" if good[-1] != "0" else "1"
    for forged in (good[:-1] + last, good[:-1], good.upper(), key_hash, "null", "x" * 3000):
        _with_cookie(visitor, forged)
        assert not _is_in(visitor)
    _with_cookie(visitor, good)
    assert _is_in(visitor)


def test_the_database_holds_no_cookie_that_would_open_anything(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    cookie = visitor.client.cookies[COOKIE]
    connection = sqlite3.connect(visitor.services.database.path)
    dump = "\n".join(connection.iterdump())
    connection.close()
    assert cookie not in dump
    assert PASSWORD not in dump


def test_a_new_password_ends_the_other_logins_and_changes_this_ones_id(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    elsewhere = visitor.client.cookies[COOKIE]
    visitor.client.cookies.clear()
    visitor.log_in("therapist")
    before = visitor.client.cookies[COOKIE]
    new = "another walk, by the river"
    form = {"password": PASSWORD, "new_password": new, "new_password_again": new}
    assert visitor.post("/account/password", form).status_code == 303
    assert _is_in(visitor)
    assert visitor.client.cookies[COOKIE] != before
    for dead in (elsewhere, before):
        _with_cookie(visitor, dead)
        assert not _is_in(visitor)
    visitor.client.cookies.clear()
    assert visitor.log_in("therapist").status_code == 401
    assert visitor.log_in("therapist", new).status_code == 303
    user = visitor.services.users.by_name("therapist")
    assert user is not None
    visitor.services.users.set_password(user.user_id, PASSWORD, must_change_password=False)


def test_all_other_logins_are_listed_and_ended_with_one_button(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    elsewhere = visitor.client.cookies[COOKIE]
    visitor.client.cookies.clear()
    visitor.log_in("therapist")
    page = visitor.get("/account").text
    assert page.count('<td data-label="From">') == 2
    assert page.count("this one") == 1
    refused = visitor.post("/account/end-other-logins", {"password": "not mine"})
    assert refused.status_code == 401
    mine = visitor.client.cookies[COOKIE]
    _with_cookie(visitor, elsewhere)
    assert _is_in(visitor)
    _with_cookie(visitor, mine)
    assert visitor.post("/account/end-other-logins", {"password": PASSWORD}).status_code == 303
    assert _is_in(visitor)
    _with_cookie(visitor, elsewhere)
    assert not _is_in(visitor)


@pytest.mark.parametrize("end", ["logout", "idle", "disabled"])
def test_what_goes_on_after_its_request_learns_that_the_login_ended(
    visitor: Visitor, clock: WallClock, end: str
) -> None:
    visitor.log_in(Role.THERAPIST)
    services = visitor.services
    user = services.users.by_name("therapist")
    assert user is not None
    (facts,) = services.sessions.of_user(user.user_id)
    session: dict[str, Any] = {"user_id": user.user_id, "logged_in": True, "key": facts.key}
    principal = services.users.principal_of_session(session)
    assert principal is not None
    assert services.device.is_still_there(principal)
    if end == "logout":
        visitor.post("/logout")
    elif end == "idle":
        clock.pass_s(IDLE_TIMEOUT_S + 1)
    else:
        services.users.disable(user.user_id)
    assert not services.device.is_still_there(principal)


def test_a_running_exercise_can_keep_its_holders_login_alive_but_not_for_ever(
    visitor: Visitor,
    clock: WallClock,
) -> None:
    visitor.log_in(Role.THERAPIST)
    user = visitor.services.users.by_name("therapist")
    assert user is not None
    (facts,) = visitor.services.sessions.of_user(user.user_id)
    for _ in range(60):
        clock.pass_s(60)
        visitor.services.sessions.renew(facts.key)
    assert _is_in(visitor)
    for _ in range(LONGEST_S // 60):
        clock.pass_s(60)
        visitor.services.sessions.renew(facts.key)
    assert not visitor.services.sessions.lives(facts.key)


def test_a_token_lives_until_it_is_revoked(visitor: Visitor) -> None:
    services = visitor.services
    token, secret = services.tokens.make("reader", Role.CLINICIAN, 3, "administrator")
    principal = services.tokens.principal(secret)
    assert principal is not None
    assert services.device.is_still_there(principal)
    services.tokens.revoke(token.token_id)
    assert not services.device.is_still_there(principal)


def test_sessions_outlive_a_restart_of_the_console(tmp_path: Path) -> None:
    from litestar.testing import TestClient

    from andante_host.console.app import create_app
    from andante_host.console.services import Services

    with console(tmp_path, Role.THERAPIST) as visitor:
        cookie, settings = visitor.client.cookies[COOKIE], visitor.services.settings
    services = Services.made(settings)
    with TestClient(create_app(services), base_url=ORIGIN) as client:
        again = Visitor(client, services)
        _with_cookie(again, cookie)
        assert _is_in(again)
