"""Recordings at a real server: what a power cut and a client that goes away leave behind."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from andante_host.console.api.recordings import BYTES
from andante_host.console.principal import Role
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings
from support.browser_house import ADDRESS, House
from support.device import wait_until
from support.sound_files import sound_bytes

pytestmark = [pytest.mark.long, pytest.mark.alone]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    """A page alone, started over what a power cut left, and a therapist's token."""
    house = House(tmp_path_factory.mktemp("house"))
    services = Services.made(
        ConsoleSettings(
            state_dir=house.state_dir,
            sessions_dir=house.sessions_dir,
            engine_socket=house.socket_path,
            origin=house.origin,
        )
    )
    services.users.add("ida", Role.ADMINISTRATOR, "five words of no use", False, "a test's user")
    token = services.tokens.make("a test", Role.THERAPIST, 1, "ida")[1]
    services.database.close()
    folder(house).mkdir()
    (folder(house) / ".arriving-left").write_bytes(sound_bytes())
    with house:
        yield house, token


def folder(house: House) -> Path:
    return house.sessions_dir / "recordings"


def files_in(house: House) -> list[str]:
    return sorted(path.name for path in folder(house).iterdir())


def test_what_a_power_cut_left_is_gone_after_the_next_start(house: tuple[House, str]) -> None:
    assert files_in(house[0]) == []


def test_of_a_client_that_goes_away_nothing_stays(house: tuple[House, str]) -> None:
    served, token = house
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    head = (
        "PUT /api/v1/recordings/cut-off.flac HTTP/1.1\r\n"
        f"host: {ADDRESS}:{served.port}\r\n"
        f"authorization: Bearer {token}\r\n"
        f"content-type: {BYTES}\r\n"
        "content-length: 1000000\r\n\r\n"
    )
    with (
        socket.create_connection((ADDRESS, served.port), timeout=10) as plain,
        trusting.wrap_socket(plain) as connection,
    ):
        connection.sendall(head.encode() + sound_bytes()[:4_000])
        wait_until(lambda: len(files_in(served)) == 1)
        assert files_in(served)[0].startswith(".")
    wait_until(lambda: files_in(served) == [])
