"""Telling systemd how the engine is: ready, alive, stopping.

The protocol is one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3), section
"Notes"; systemd promises to keep it). The libraries for it are either bound to systemd's C
headers or have had no release since 2017, for what is a dozen lines.
"""

import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

US_PER_S = 1_000_000
_PINGS_PER_LIMIT = 4
_PATIENCE_S = 1.0


class Notifier:
    """Speaks to whoever started this program; to nobody where that was not systemd."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        """`address`: a socket's path, or `@` and an abstract name. `watchdog_s`: how often at
        least a ping is expected; None for never.
        """
        self._address = address
        self.watchdog_s = watchdog_s

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], process_id: int) -> "Notifier":
        """As systemd asks for in NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
        limit_us = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(process_id)) == str(process_id)
        watchdog_s = int(limit_us) / US_PER_S if limit_us.isdecimal() and meant else None
        return cls(environment.get("NOTIFY_SOCKET") or None, watchdog_s)

    def ready(self) -> None:
        """Starting up is over. Waits up to a second for systemd to take it."""
        self._tell("READY=1", _PATIENCE_S)

    def alive(self) -> None:
        """Feed the watchdog. Returns at once."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Shutting down has begun. Waits up to a second for systemd to take it."""
        self._tell("STOPPING=1", _PATIENCE_S)

    def status(self, text: str) -> None:
        """What `systemctl status` shows, one line. Returns at once."""
        self._tell(f"STATUS={text}")

    def _tell(self, message: str, patience_s: float = 0.0) -> None:
        """Send one datagram. One that cannot be sent is left out: systemd's limits then decide."""
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(patience_s)
            try:
                sender.sendto(message.encode(), address)
            except OSError:
                return


class Watchdog:
    """Feeds systemd's watchdog from a thread of its own, as long as `is_well` says so."""

    def __init__(self, notifier: Notifier, is_well: Callable[[], bool]) -> None:
        """`is_well` is called on the watchdog's thread."""
        self._notifier = notifier
        self._is_well = is_well
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        if self._notifier.watchdog_s is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        assert self._notifier.watchdog_s is not None
        while not self._stop.wait(self._notifier.watchdog_s / _PINGS_PER_LIMIT):
            if self._is_well():
                self._notifier.alive()
