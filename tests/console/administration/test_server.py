"""`andante-host console` as a program of its own: what it says, serves and how it ends."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from andante.timebase import NS_PER_S, MonotonicClock
from andante_host.cli import main
from andante_host.console.certificate import facts_of
from andante_host.console.principal import Role
from andante_host.console.server import NICENESS, Listening, ServerError, serve
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings
from support.console import PASSWORD, console_settings

ENDS_WITHIN_S = 3.0
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def free_port() -> int:
    """One that nobody uses just now."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Running:
    """The program, where it listens, and what it said before it served."""

    process: subprocess.Popen[str]
    port: int
    redirect_port: int
    notices: socket.socket
    said: list[str]
    certificate: Path


@contextmanager
def running(settings: ConsoleSettings, folder: Path, last_line: str) -> Iterator[Running]:
    """Started as systemd does, until it says that it is ready, and up to how `last_line` begins."""
    port, redirect_port = free_port(), free_port()
    with ExitStack() as stack:
        notices = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        notices.bind(str(folder / "notify"))
        notices.settimeout(60)
        command = [sys.executable, "-m", "andante_host", "console", "--host", "127.0.0.1"]
        command += ["--state", str(settings.state_dir), "--sessions", str(settings.sessions_dir)]
        command += ["--socket", str(settings.engine_socket), "--port", str(port)]
        command += ["--redirect-port", str(redirect_port)]
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        process = stack.enter_context(
            subprocess.Popen(
                command,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        stack.callback(process.kill)
        assert notices.recv(100) == b"READY=1"
        assert process.stdout is not None
        said: list[str] = []
        while not (said and said[-1].startswith(last_line)):
            said.append(process.stdout.readline())
        certificate = settings.state_dir / "certificate.pem"
        yield Running(process, port, redirect_port, notices, said, certificate)


def test_https_only_modest_and_gone_in_3_s_with_an_event_stream_open(tmp_path: Path) -> None:
    settings = console_settings(tmp_path)
    services = Services.made(settings)
    services.users.add("Ida", Role.THERAPIST, PASSWORD, False, "a test's user")
    services.database.close()
    with running(settings, tmp_path, "Its certificate") as console:
        trusted = ssl.create_default_context(cafile=console.certificate)
        assert "first-run" not in "".join(console.said)
        assert os.getpriority(os.PRIO_PROCESS, console.process.pid) >= NICENESS

        plain = httpx.get(f"http://localhost:{console.redirect_port}/patients?code=P-001")
        assert plain.status_code == 308
        assert plain.headers["location"] == f"https://localhost:{console.port}/"
        foreign = httpx.get(
            f"http://127.0.0.1:{console.redirect_port}/", headers={"host": "evil.example"}
        )
        assert "evil" not in foreign.headers["location"]
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{console.port}/")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(console.certificate)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(httpx.ConnectError), httpx.Client(verify=old) as outdated:
            outdated.get(f"https://localhost:{console.port}/")

        base = f"https://localhost:{console.port}"
        with httpx.Client(verify=trusted, base_url=base, timeout=60) as browser:
            page = browser.get("/login")
            assert "server" not in page.headers
            found = _TOKEN.search(page.text)
            assert found is not None
            form = {"_csrf_token": found[1], "name": "Ida", "password": PASSWORD}
            assert browser.post("/login", data=form).headers["location"] == "/"
            assert browser.get("/", headers={"x": "y" * 1_000_000}).status_code == 400
            with browser.stream("GET", "/live/events") as events:
                assert events.status_code == 200
                clock = MonotonicClock()
                began_ns = clock.now_ns()
                console.process.send_signal(signal.SIGTERM)
                console.process.wait(timeout=30)
                took_s = (clock.now_ns() - began_ns) / NS_PER_S
                print(f"ended after {took_s:.2f} s")
                with pytest.raises(httpx.HTTPError):
                    for _ in events.iter_bytes():
                        pass
        assert console.process.returncode in (0, -signal.SIGTERM)
        assert took_s <= ENDS_WITHIN_S
        told = {console.notices.recv(100)}
        while b"STOPPING=1" not in told:
            told.add(console.notices.recv(100))
        assert b"WATCHDOG=1" in told
        assert console.process.stdout is not None
        rest = console.process.stdout.read()
        assert "Traceback" not in rest
        assert PASSWORD not in rest


def test_a_new_device_prints_its_secret_and_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    settings = console_settings(tmp_path)
    with running(settings, tmp_path, "Nobody can") as console:
        secret = (settings.state_dir / "first-run-secret.txt").read_text().split()[0]
        assert console.said[-1].rstrip().endswith(secret)
        assert (settings.state_dir.stat().st_mode & 0o777) == 0o700
        shown = "".join(console.said)
        pem = console.certificate.read_text()
        assert facts_of(console.certificate).sha256 in shown
        assert pem.count("BEGIN CERTIFICATE") == 1
        other = console_settings(tmp_path, state_dir=tmp_path / "other")
        with pytest.raises(ServerError, match=f"Port {console.port} cannot be used"):
            serve(other, Listening(host="127.0.0.1", port=console.port), print)
        assert not other.state_dir.exists()


def test_half_a_certificate_is_one_sentence(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["console", "--certificate", str(tmp_path / "c.pem")])
    assert told.exit_code == 1
    assert "belong together" in told.output


def test_help_has_examples() -> None:
    told = CliRunner().invoke(main, ["console", "--help"])
    assert told.exit_code == 0
    assert "andante-host console --try-out" in told.output
    assert "ANDANTE_CONSOLE_STATE" in told.output
