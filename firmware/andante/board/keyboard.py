"""The space bar as a sensor board, so that anyone can try tapping on any laptop.

Its ticks are session time itself. A keyboard scans, debounces and queues, so each tap comes late
by an unknown 5-50 ms: good for variability, not for the mean.
"""

import os
import select
import sys
import termios
import threading
import tty
from typing import Any

from andante.errors import BoardError
from andante.ports import BoardInfo, BoardNews, Channel, Edge, LinkCounts, Response
from andante.timebase import NS_PER_S, Clock

_POLL_S = 0.05
_LATENCY_SPREAD_US = 5_000.0  # half of the 10 ms between two scans of a slow keyboard


class KeyboardBoard:
    """Implements `ports.Board` on the terminal's keyboard."""

    description = "keyboard"
    simulated = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taps: list[Response] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keyboard", daemon=True)
        self._saved_mode: Any = None
        self._count = 0

    @property
    def info(self) -> BoardInfo:
        """Ticks are nanoseconds."""
        return BoardInfo(0, "keyboard", NS_PER_S, "none", 0, simulated=False)

    def start(self) -> None:
        """Take the keyboard, a key at a time. Raises BoardError without a terminal."""
        try:
            self._saved_mode = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        except (termios.error, OSError):
            raise BoardError("There is no keyboard here; run this in a terminal.") from None
        self._thread.start()

    def take_news(self) -> BoardNews:
        """Taps since the last call."""
        with self._lock:
            taps, self._taps = self._taps, []
        return BoardNews(responses=taps)

    def counts(self) -> LinkCounts:
        """Every key that was read."""
        return LinkCounts(events_received=self._count)

    def stop(self) -> None:
        """Give the keyboard back."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._saved_mode is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved_mode)
            self._saved_mode = None

    def _run(self) -> None:
        descriptor = sys.stdin.fileno()
        while not self._stopping.is_set():
            if not select.select([descriptor], [], [], _POLL_S)[0]:
                continue
            pressed = os.read(descriptor, 16)
            now_ns = self._clock.now_ns()
            with self._lock:
                for _ in range(pressed.count(b" ")):
                    self._taps.append(
                        Response(
                            Channel.TAP_1,
                            Edge.ON,
                            0,
                            self._count,
                            now_ns,
                            now_ns,
                            _LATENCY_SPREAD_US,
                        )
                    )
                    self._count += 1
