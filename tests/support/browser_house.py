"""The trainer and its page as they run on the device: two processes, a socket and a folder."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock

ADDRESS = "127.0.0.1"
_UP_WITHIN_S = 90
_CLOCK = MonotonicClock()
_SECRET = re.compile(r"\b[0-9a-z]{4}(-[0-9a-z]{4}){6}\b")


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class House:
    """`andante serve` and `andante-host console --try-out` around one folder.

    Lights are twins and there is no sound device, so what is timed is the light; the board is
    simulated behind a pseudo-terminal, and time is real.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    _engine: "subprocess.Popen[bytes] | None" = None
    _console: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.sessions_dir.mkdir(parents=True, exist_ok=True)

    @property
    def sessions_dir(self) -> Path:
        """Where the engine puts session files."""
        return self.folder / "sessions"

    @property
    def state_dir(self) -> Path:
        """The console's own folder."""
        return self.folder / "state"

    @property
    def socket_path(self) -> Path:
        """Where the two meet."""
        return self.folder / "engine.sock"

    @property
    def origin(self) -> str:
        """What stands before every address of the page."""
        return f"https://{ADDRESS}:{self.port}"

    def __enter__(self) -> Self:
        try:
            self.start_engine()
            self.start_console()
        except BaseException:
            self._end_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._end_all()

    def _end_all(self) -> None:
        for process in (self._console, self._engine):
            _end(process)

    def start_engine(self) -> None:
        """Start it and wait until it listens."""
        out = ["--out", str(self.sessions_dir), "--socket", str(self.socket_path)]
        self._engine = self._start("andante", ["serve", *out], "engine.log")
        self._wait_until(self.socket_path.exists, self._engine, "engine.log")

    def start_console(self) -> None:
        """Start it, also after `kill_console`, and wait until it answers."""
        where = ["--state", str(self.state_dir), "--sessions", str(self.sessions_dir)]
        reached = ["--socket", str(self.socket_path), "--host", ADDRESS, "--port", str(self.port)]
        arguments = ["console", "--try-out", "--origin", self.origin, *where, *reached]
        self._console = self._start("andante_host", arguments, "console.log")
        self._wait_until(self._answers, self._console, "console.log")

    def kill_console(self) -> None:
        """As a power cut would: without a chance to tidy up."""
        assert self._console is not None
        self._console.send_signal(signal.SIGKILL)
        self._console.wait(10)

    def first_run_secret(self) -> str:
        """As it was printed when the console started without any user."""
        found = _SECRET.search(self.said("console.log"))
        assert found is not None, self.said("console.log")
        return found.group(0)

    def said(self, log: str) -> str:
        """What a process has printed."""
        return (self.folder / log).read_text()

    def session_files(self) -> list[Path]:
        """Sessions so far, oldest first."""
        return sorted(self.sessions_dir.rglob("*.andante"), key=lambda path: path.stat().st_mtime)

    def _start(self, module: str, arguments: list[str], log: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "ANDANTE_CONFIG": str(self.folder / "device.toml")}
        file: IO[bytes]
        with (self.folder / log).open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def _answers(self) -> bool:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # its own certificate, which nobody has signed
        try:
            with (
                socket.create_connection((ADDRESS, self.port), timeout=2) as plain,
                context.wrap_socket(plain),
            ):
                return True
        except OSError:
            return False

    def _wait_until(
        self, is_up: Callable[[], bool], process: "subprocess.Popen[bytes]", log: str
    ) -> None:
        deadline_ns = _CLOCK.now_ns() + _UP_WITHIN_S * NS_PER_S
        while not is_up():
            assert process.poll() is None, self.said(log)
            assert _CLOCK.now_ns() < deadline_ns, self.said(log)
            _CLOCK.sleep_until_ns(_CLOCK.now_ns() + 50 * NS_PER_MS)


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
