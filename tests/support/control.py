"""A control socket with a desk behind it, and a raw client that may misbehave."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hypothesis import settings

from andante.control import (
    AnyMessage,
    ControlClient,
    Doing,
    Event,
    Hold,
    LineBuffer,
    Start,
    decode_message,
)
from andante.control_desk import Desk
from andante.control_server import ControlServer

HOLD = Hold(role="therapist", holder="tablet 2", reason="walk with P7")
SOCKET = "engine.sock"
PLAN = {"exercise": "walk", "walk": {"baseline_s": 30}}
pure = settings(deadline=None, max_examples=60)  # a busy machine is no finding
T = TypeVar("T")


class Counter:
    """A desk at a socket; every start is accepted and kept in `starts`."""

    def __init__(self, path: Path) -> None:
        self.starts: list[Start] = []
        self.desk = Desk(self.starts.append, self.publish)
        self.server = ControlServer(
            path, self.desk.answer, self.desk.leave, lambda: self.desk.state
        )

    def publish(self, event: Event) -> None:
        self.server.publish(event)

    def begin(self) -> None:
        """A session is under way."""
        self.desk.tell_session(Doing.RUNNING, "walk", "P7", simulated_patient=True)


@contextmanager
def counter_at(path: Path) -> Iterator[Counter]:
    """Serve at `path`, with the control thread's errors raised here."""
    counter = Counter(path)
    with counter.server:
        yield counter
        assert counter.server.alive, "the control thread broke down"
    assert not path.exists()


class RawClient:
    """A connection that sends what it likes and reads when it likes."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))
        self.socket.settimeout(5)
        self._lines = LineBuffer()
        self._messages: list[AnyMessage] = []

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> AnyMessage | None:
        """The next message; None where the connection has ended."""
        while not self._messages:
            try:
                data = self.socket.recv(65_536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._messages += [decode_message(line or b"") for line in self._lines.take(data)]
        return self._messages.pop(0)

    def close(self) -> None:
        self.socket.close()


def wait_for(client: ControlClient, kind: type[T], timeout_s: float = 5.0) -> T:
    """The next event of one kind; events before it are passed over."""
    while True:
        event = client.next_event(timeout_s)
        assert event is not None, f"no {kind.__name__} came"
        if isinstance(event, kind):
            return event
