"""The second factor: set up, asked for, used once."""

import re
from collections.abc import Iterator

import pyotp
import pytest

from andante_host.console.accounts import second_factor
from andante_host.console.principal import Role
from support.clocks import WallClock
from support.console import PASSWORD, Visitor, console
from support.console_doors import begin_anew

_SECRET = re.compile(r'id="secret">([A-Z2-7 ]+)<')


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with console(tmp_path_factory.mktemp("console"), clock=WallClock()) as visitor:
        yield visitor


@pytest.fixture
def visitor(shared: Visitor) -> Visitor:
    """Nobody yet, at a console that nobody has used."""
    return begin_anew(shared)


def _clock(visitor: Visitor) -> WallClock:
    clock = visitor.services.clock
    assert isinstance(clock, WallClock)
    return clock


def _code(secret: str, clock: WallClock, seconds: float = 0) -> str:
    return pyotp.TOTP(secret).at(round(clock.utc_now().timestamp() + seconds))


def _set_up(visitor: Visitor, clock: WallClock) -> str:
    """By the pages, as a person does; the secret."""
    answer = visitor.post("/account/second-factor", {"password": PASSWORD})
    assert answer.headers["location"] == "/account/second-factor"
    shown = visitor.get("/account/second-factor").text
    assert "<svg" in shown
    found = _SECRET.search(shown)
    assert found is not None
    secret = found.group(1).replace(" ", "")
    answer = visitor.post("/account/second-factor/confirm", {"code": _code(secret, clock)})
    assert answer.headers["location"] == "/account"
    return secret


def test_it_is_set_up_on_the_page_and_asked_for_from_then_on(visitor: Visitor) -> None:
    clock = _clock(visitor)
    visitor.log_in(Role.THERAPIST)
    secret = _set_up(visitor, clock)
    user = visitor.services.users.by_name("therapist")
    assert user is not None
    assert user.has_second_factor
    assert user.no_second_factor_reason is None
    visitor.post("/logout")

    clock.pass_s(60)
    answer = visitor.log_in("therapist")
    assert answer.headers["location"] == "/login/second-factor"
    assert visitor.get("/account").headers["location"] == "/login", "half in is not in"
    wrong = f"{(int(_code(secret, clock)) + 1) % 1_000_000:06d}"
    assert visitor.post("/login/second-factor", {"code": wrong}).status_code == 401
    code = _code(secret, clock)
    answer = visitor.post("/login/second-factor", {"code": f"{code[:3]} {code[3:]}"})
    assert answer.headers["location"] == "/"
    assert visitor.get("/account").status_code == 200
    newest = visitor.services.audit.newest(2)
    assert [(entry.action, entry.outcome) for entry in newest] == [
        ("log in", "done"),
        ("log in: second factor", "refused"),
    ]


def test_a_code_opens_once_even_within_its_half_minute(visitor: Visitor) -> None:
    clock = _clock(visitor)
    visitor.log_in(Role.THERAPIST)
    secret = _set_up(visitor, clock)
    visitor.post("/logout")
    visitor.log_in("therapist")
    used_to_confirm = visitor.post("/login/second-factor", {"code": _code(secret, clock)})
    assert used_to_confirm.status_code == 401

    clock.pass_s(60)
    code = _code(secret, clock)
    assert visitor.post("/login/second-factor", {"code": code}).status_code == 303
    visitor.post("/logout")
    visitor.log_in("therapist")
    assert visitor.post("/login/second-factor", {"code": code}).status_code == 401


def test_a_code_of_the_step_beside_is_taken_and_none_further_off() -> None:
    clock = WallClock()
    secret, now = second_factor.new_secret(), clock.utc_now()
    here = pyotp.TOTP(secret).timecode(now)
    taken = [
        beside
        for beside in range(-5, 6)
        if second_factor.matching_step(secret, _code(secret, clock, 30 * beside), now) is not None
    ]
    assert taken == [-1, 0, 1]
    assert second_factor.matching_step(secret, _code(secret, clock), now, here) is None
    for odd in ("", "1", "½23456", "一二三四五六", "x" * 100_000, "\ud800"):
        assert second_factor.matching_step(secret, odd, now) is None


def test_without_a_code_that_came_back_nothing_is_kept(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    assert visitor.get("/account/second-factor").headers["location"] == "/account"
    visitor.post("/account/second-factor", {"password": PASSWORD})
    assert visitor.post("/account/second-factor/confirm", {"code": "000000"}).status_code == 400
    user = visitor.services.users.by_name("therapist")
    assert user is not None
    assert not user.has_second_factor


def test_a_picked_up_tablet_cannot_set_one_up(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    answer = visitor.post("/account/second-factor", {"password": "somebody else"})
    assert answer.status_code == 401
    assert visitor.get("/account/second-factor").headers["location"] == "/account"


def test_the_password_alone_is_forgotten_after_five_minutes(visitor: Visitor) -> None:
    clock = _clock(visitor)
    visitor.log_in(Role.THERAPIST)
    secret = _set_up(visitor, clock)
    visitor.post("/logout")
    visitor.log_in("therapist")
    clock.pass_s(5 * 60 + 1)
    answer = visitor.post("/login/second-factor", {"code": _code(secret, clock)})
    assert answer.headers["location"] == "/login"
    assert visitor.get("/account").headers["location"] == "/login"


def test_ten_wrong_codes_make_everybody_with_the_password_wait(visitor: Visitor) -> None:
    clock = _clock(visitor)
    visitor.log_in(Role.THERAPIST)
    secret = _set_up(visitor, clock)
    visitor.post("/logout")
    visitor.log_in("therapist")
    clock.pass_s(60)
    wrong = f"{(int(_code(secret, clock)) + 1) % 1_000_000:06d}"
    answers = [visitor.post("/login/second-factor", {"code": wrong}) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {401}
    answer = visitor.post("/login/second-factor", {"code": _code(secret, clock)})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60


def test_who_has_neither_factor_nor_reason_sets_one_up_before_anything_else(
    visitor: Visitor,
) -> None:
    clock = _clock(visitor)
    users = visitor.services.users
    users.add("newcomer", Role.ADMINISTRATOR, PASSWORD, must_change_password=False)
    visitor.log_in("newcomer")
    assert visitor.get("/admin/tokens").headers["location"] == "/account"
    assert "Set up a second factor first" in visitor.get("/account").text
    _set_up(visitor, clock)
    assert visitor.get("/admin/tokens").status_code == 200


def test_a_lost_phone_is_mended_by_an_administrator_only(visitor: Visitor) -> None:
    clock = _clock(visitor)
    visitor.log_in(Role.ADMINISTRATOR)
    _set_up(visitor, clock)
    users = visitor.services.users
    user = users.by_name("administrator")
    assert user is not None
    users.reset_second_factor(user.user_id)
    assert visitor.get("/account").headers["location"] == "/login", "its logins have ended"
    visitor.log_in("administrator")
    assert visitor.get("/admin/tokens").headers["location"] == "/account"
