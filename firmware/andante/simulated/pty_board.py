"""The simulated sensor board in real time, behind a real pseudo-terminal.

Whatever opens a serial port opens this one just the same; only the path is another.
"""

import contextlib
import os
import select
import tempfile
import threading
import tty
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from andante.timebase import Clock

STEP_S = 0.002
READ_BYTES = 4096


class RunningBoard(Protocol):
    """A board that lives through time: the twin, or the firmware on an emulated chip."""

    def receive(self, data: bytes, time_ns: int) -> None:
        """Bytes from the Pi, arriving at `time_ns`."""
        ...

    def run_until(self, now_ns: int) -> None:
        """Live until `now_ns`."""
        ...

    def take_sent(self) -> list[tuple[int, bytes]]:
        """What it has sent since the last call: when each piece was complete, and its bytes."""
        ...


class PtyBoard:
    """A context manager; inside it `path` is a serial port with `board` at its other end.

    One thread runs the board. `vanish` and `return_` play a pulled plug: as with a USB adapter
    the device that returns may be another, while `path`, a link to it, stays.
    """

    def __init__(self, board: RunningBoard, clock: Clock) -> None:
        """`clock` must run in real time."""
        self._board = board
        self._clock = clock
        self._lock = threading.Lock()  # guards the board and the two descriptors
        self._board_fd: int | None = None
        self._device_fd: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pty-board", daemon=True)
        self._folder = tempfile.TemporaryDirectory(prefix="andante-board-")
        self.path = Path(self._folder.name) / "sensor-board"

    def __enter__(self) -> Self:
        self.return_()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.vanish()
        self._folder.cleanup()

    def pause(self) -> threading.Lock:
        """For a `with` statement: the board stands still while something is done to it."""
        return self._lock

    def vanish(self) -> None:
        """The port is gone; the board runs on, and what it sends is lost."""
        with self._lock:
            self.path.unlink(missing_ok=True)
            for fd in (self._board_fd, self._device_fd):
                if fd is not None:
                    os.close(fd)
            self._board_fd = self._device_fd = None

    def return_(self) -> None:
        """The port is there again, as a new pseudo-terminal."""
        with self._lock:
            # Held open here as well: without any holder the board's side would read errors.
            self._board_fd, self._device_fd = os.openpty()
            tty.setraw(self._device_fd)  # or the terminal echoes the board's own frames
            os.set_blocking(self._board_fd, False)
            self.path.symlink_to(os.ttyname(self._device_fd))

    def _run(self) -> None:
        while not self._stopping.is_set():
            fd = self._board_fd
            if fd is None:
                self._stopping.wait(STEP_S)
            else:
                with contextlib.suppress(OSError, ValueError):  # it may vanish meanwhile
                    select.select([fd], [], [], STEP_S)
            with self._lock:
                self._step()

    def _step(self) -> None:
        now_ns = self._clock.now_ns()
        if self._board_fd is not None:
            with contextlib.suppress(BlockingIOError):
                self._board.receive(os.read(self._board_fd, READ_BYTES), now_ns)
        self._board.run_until(now_ns)
        for _, data in self._board.take_sent():
            if self._board_fd is not None:
                # A UART does not wait for a reader either: what finds no room is lost.
                with contextlib.suppress(BlockingIOError):
                    os.write(self._board_fd, data)
