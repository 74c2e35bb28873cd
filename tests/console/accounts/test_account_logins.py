"""Wrong passwords are slowed down, and nobody is kept out by somebody else."""

from pathlib import Path

import pytest
from litestar.exceptions import TooManyRequestsException

from andante_host.console.accounts.logins import Logins
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.clocks import WallClock
from support.console import PASSWORD, console, console_settings

TABLET, STRANGER = "192.168.4.10", "192.168.4.66"


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def services(tmp_path: Path, clock: WallClock) -> Services:
    made = Services.made(console_settings(tmp_path), clock)
    for name in ("anna", "bela"):
        made.users.add(name, Role.THERAPIST, PASSWORD)
    return made


def _wrong(logins: Logins, name: str, host: str, times: int = 10) -> None:
    for _ in range(times):
        assert logins.with_password(name, "not the password", host) is None


def _retry_after_s(error: TooManyRequestsException) -> int:
    assert error.headers is not None
    return int(error.headers["Retry-After"])


def test_the_page_says_429_after_ten_wrong_passwords_and_logs_it(tmp_path: Path) -> None:
    clock = WallClock()
    with console(tmp_path, clock=clock) as visitor:
        answers = [visitor.log_in("therapist", f"guess {number}") for number in range(10)]
        assert [answer.status_code for answer in answers] == [401] * 10
        refused = visitor.log_in("therapist")
        assert refused.status_code == 429, "even the right one: else guessing could go on"
        assert "wait 5 minutes" in refused.text
        assert int(refused.headers["retry-after"]) == 5 * 60
        (entry,) = visitor.services.audit.newest(1)
        assert (entry.action, entry.outcome) == ("POST /login", "refused")
        assert entry.detail.startswith("429")
        clock.pass_s(5 * 60)
        assert visitor.log_in("therapist").status_code == 303


def test_the_wait_has_an_end_whatever_is_tried_meanwhile(
    services: Services, clock: WallClock
) -> None:
    _wrong(services.logins, "anna", STRANGER)
    for _ in range(4):
        with pytest.raises(TooManyRequestsException) as caught:
            services.logins.with_password("anna", PASSWORD, STRANGER)
        assert _retry_after_s(caught.value) > 0
        clock.pass_s(60)
    clock.pass_s(60)
    assert services.logins.with_password("anna", PASSWORD, STRANGER) is not None


def test_a_restart_forgets_no_wrong_try(
    services: Services, clock: WallClock, tmp_path: Path
) -> None:
    _wrong(services.logins, "anna", STRANGER)
    services.database.close()
    again = Services.made(console_settings(tmp_path), clock)
    with pytest.raises(TooManyRequestsException):
        again.logins.with_password("anna", PASSWORD, STRANGER)


def test_a_stranger_keeps_nobody_out_where_they_have_logged_in_before(services: Services) -> None:
    anna = services.users.by_name("anna")
    assert anna is not None
    services.logins.note_place(anna.user_id, TABLET)
    _wrong(services.logins, "anna", STRANGER)
    assert services.logins.with_password("anna", PASSWORD, TABLET) is not None
    assert services.logins.with_password("bela", PASSWORD, TABLET) is not None


def test_a_name_is_slowed_down_from_everywhere_else(services: Services) -> None:
    for number in range(10):
        services.logins.with_password("ANNA", "not the password", f"192.168.4.{100 + number}")
    with pytest.raises(TooManyRequestsException):
        services.logins.with_password("anna", PASSWORD, "192.168.4.200")
    assert services.logins.with_password("bela", PASSWORD, "192.168.4.200") is not None


def test_a_login_of_ones_own_does_not_hide_the_wrong_tries_before(services: Services) -> None:
    _wrong(services.logins, "anna", STRANGER, times=9)
    assert services.logins.with_password("bela", PASSWORD, STRANGER) is not None
    _wrong(services.logins, "anna", STRANGER, times=1)
    with pytest.raises(TooManyRequestsException):
        services.logins.with_password("bela", PASSWORD, STRANGER)


def test_a_name_that_nobody_has_is_slowed_down_alike(services: Services) -> None:
    _wrong(services.logins, "nobody", STRANGER)
    with pytest.raises(TooManyRequestsException):
        services.logins.with_password("nobody", PASSWORD, STRANGER)


def test_addresses_of_one_ipv6_network_count_together(services: Services) -> None:
    for number in range(10):
        services.logins.with_password("anna", "not the password", f"fd00::{number}:1")
    with pytest.raises(TooManyRequestsException):
        services.logins.with_password("bela", PASSWORD, "fd00::ffff")
    assert services.logins.with_password("bela", PASSWORD, "fd00:0:0:1::1") is not None


def test_a_wrong_name_is_not_written_down(tmp_path: Path) -> None:
    """Somebody typed the password into the first field."""
    with console(tmp_path) as visitor:
        visitor.log_in("my secret passphrase", "therapist")
        (entry,) = visitor.services.audit.newest(1)
        assert entry.subject == "a name that no user has"
