"""The socket's thread: connections, lines and events, never a wait for anyone.

Every socket is non-blocking and everything kept for a client is bounded. A client that reads too
slowly gets only the newest progress; one that reads nothing at all is let go.
"""

import contextlib
import errno
import grp
import logging
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from andante.control import (
    MAX_LINE_BYTES,
    Answer,
    ControlError,
    Event,
    LineBuffer,
    LiveProgress,
    Message,
    Refused,
    encode_line,
)

GROUP = "andante"
SOCKET_MODE = 0o660
MAX_CLIENTS = 200
"""Far more than watch; file descriptors for the session itself have to be left."""
MAX_UNREAD_BYTES = 262_144
_SYSTEM_BUFFER_BYTES = 16_384
_CHUNK_BYTES = 65_536
_KEPT_EVENTS = 1_000
_JOIN_S = 5.0

log = logging.getLogger(__name__)


class _Client:
    """One connection: what it has half sent, and what it has not yet read."""

    def __init__(self, connection: socket.socket, number: int) -> None:
        self.connection = connection
        self.number = number
        self.lines = LineBuffer()
        self.unread = bytearray()
        self.newest_progress: bytes | None = None

    def put(self, line: bytes, is_progress: bool) -> None:
        """Keep a line for sending; a newer progress takes the place of one not yet sent."""
        if is_progress:
            self.newest_progress = line
        else:
            self.unread += line

    def send(self) -> bool:
        """Send what the connection takes. False where nothing is left over."""
        while self.unread or self.newest_progress:
            if not self.unread and self.newest_progress:
                self.unread += self.newest_progress
                self.newest_progress = None
            try:
                sent = self.connection.send(self.unread)
            except BlockingIOError:
                return True
            del self.unread[:sent]
        return False


class ControlServer:
    """Listens at a socket path on a thread of its own."""

    def __init__(
        self,
        path: Path,
        answer: Callable[[int, bytes], Answer],
        leave: Callable[[int], None],
        welcome: Callable[[], Event],
    ) -> None:
        """All three are called on the server's thread: `answer` for each line of a client,
        `leave` when its connection has ended, `welcome` for what a new one is told first.
        """
        self._path = path
        self._answer = answer
        self._leave = leave
        self._welcome = welcome
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self._clients: dict[int, _Client] = {}
        self._last_number = 0
        self._stopping = False
        self._wake_sender: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        # Made by `start`, for the thread alone:
        self._selector: selectors.BaseSelector
        self._listener: socket.socket
        self._wake_receiver: socket.socket

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen from now on. Raises ControlError where the socket cannot be made."""
        self._listener = _listen(self._path)
        self._selector = selectors.DefaultSelector()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_sender.setblocking(False)
        for receiver in (self._listener, self._wake_receiver):
            receiver.setblocking(False)
            self._selector.register(receiver, selectors.EVENT_READ)
        self._thread.start()

    def publish(self, event: Event) -> None:
        """Tell every client. Any thread; returns at once."""
        self._events.append(event)
        self._wake()

    @property
    def has_clients(self) -> bool:
        """Whether anybody is connected. Any thread may ask."""
        return bool(self._clients)

    @property
    def alive(self) -> bool:
        """True while the thread serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Send what can be sent, end every connection and take the socket away."""
        self._stopping = True
        self._wake()
        self._thread.join(_JOIN_S)
        if self._wake_sender is not None:
            self._wake_sender.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _wake(self) -> None:
        # A full pipe means that the thread has been woken and has not come round yet.
        if self._wake_sender is not None:
            with contextlib.suppress(OSError):
                self._wake_sender.send(b"\0")

    # --- the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._serve_once()
            self._spread_events()
        finally:
            for client in tuple(self._clients.values()):
                self._drop(client)
            self._selector.close()
            self._listener.close()
            self._wake_receiver.close()

    def _serve_once(self) -> None:
        for key, events in self._selector.select():
            if key.fileobj is self._wake_receiver:
                with contextlib.suppress(BlockingIOError):
                    self._wake_receiver.recv(_CHUNK_BYTES)
                continue
            if key.fileobj is self._listener:
                self._accept()
                continue
            client: _Client = key.data
            if events & selectors.EVENT_READ and client.number in self._clients:
                self._read(client)
            if events & selectors.EVENT_WRITE and client.number in self._clients:
                self._flush(client)
        self._spread_events()

    def _spread_events(self) -> None:
        while self._events:
            event = self._events.popleft()
            line = encode_line(event)
            for client in tuple(self._clients.values()):
                self._send(client, line, isinstance(event, LiveProgress))

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            log.warning("a connection could not be taken: %s", error)
            return
        connection.setblocking(False)
        # Little waits in the system's own buffer, so that what a slow reader gets is not old.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_BUFFER_BYTES)
        self._last_number += 1
        client = _Client(connection, self._last_number)
        if len(self._clients) >= MAX_CLIENTS:
            reason = f"{MAX_CLIENTS} programs are connected already; close one of them."
            with contextlib.suppress(OSError):
                connection.send(encode_line(Refused(reason=reason)))
            connection.close()
            return
        self._clients[client.number] = client
        self._selector.register(connection, selectors.EVENT_READ, client)
        # What happened before now is in the state already.
        self._spread_events_before(client)
        self._send(client, encode_line(self._welcome()))

    def _spread_events_before(self, newcomer: _Client) -> None:
        """Events that are older than a newcomer are not for it."""
        del self._clients[newcomer.number]
        self._spread_events()
        self._clients[newcomer.number] = newcomer

    def _read(self, client: _Client) -> None:
        try:
            data = client.connection.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        for line in client.lines.take(data):
            answer: Message
            if line is None:
                answer = Refused(reason=f"The line is longer than {MAX_LINE_BYTES} bytes.")
            else:
                answer = self._answer(client.number, line)
            if not self._send(client, encode_line(answer)):
                return

    def _send(self, client: _Client, line: bytes, is_progress: bool = False) -> bool:
        client.put(line, is_progress)
        return self._flush(client)

    def _flush(self, client: _Client) -> bool:
        """Send what can be sent; False where the client has been let go."""
        try:
            left_over = client.send()
        except OSError:
            self._drop(client)
            return False
        if len(client.unread) > MAX_UNREAD_BYTES:
            log.warning("client %d reads nothing and is let go", client.number)
            self._drop(client)
            return False
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if left_over else 0)
        if self._selector.get_key(client.connection).events != wanted:
            self._selector.modify(client.connection, wanted, client)
        return True

    def _drop(self, client: _Client) -> None:
        del self._clients[client.number]
        self._selector.unregister(client.connection)
        client.connection.close()
        self._leave(client.number)


def _listen(path: Path) -> socket.socket:
    """A listening socket at `path`, for its owner and the group `andante` alone."""
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        listener.bind(str(path))
        # Nobody can connect before `listen`, so nobody gets in by the rights that bind gave.
        path.chmod(SOCKET_MODE)
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
        listener.listen()
    except OSError as error:
        listener.close()
        raise ControlError(
            f"The engine's socket {path} cannot be made ({error.strerror or error}); choose "
            "another with --socket."
        ) from None
    return listener


def _clear(path: Path) -> None:
    """Take away what an engine that died has left; never another engine's socket or a file."""
    if not path.exists():
        return
    if not path.is_socket():
        raise ControlError(f"{path} is there and is no socket; choose another with --socket.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        found = probe.connect_ex(str(path))
    if found != errno.ECONNREFUSED:
        raise ControlError(f"An engine is serving at {path} already; stop it first.")
    path.unlink()
