"""The emulated board behind a pseudo-terminal, in real time: a port for `andante run --port`."""

from collections.abc import Iterator
from contextlib import contextmanager

from andante.signal_file import ForceRecording
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import TickClock
from andante.timebase import Clock
from emulated_board.chip import CLOCK_HZ, Chip
from emulated_board.line import CYCLES_PER_BYTE
from emulated_board.walk import connect_recording


class PacedBoard:
    """A chip that keeps pace with the clock, with the methods that `PtyBoard` calls of a board."""

    def __init__(self, chip: Chip, clock: Clock, rate_error_ppm: float = 0.0) -> None:
        """The chip is switched on at the clock's present time."""
        self.cycles = TickClock(clock.now_ns(), CLOCK_HZ, rate_error_ppm)
        self._chip = chip
        self._heard_until_cycle = 0
        self._to_connect: tuple[ForceRecording, int] | None = None

    def connect(self, recording: ForceRecording, start_ns: int) -> None:
        """Play `recording` at the feet from `start_ns` on. Any thread may ask for it."""
        self._to_connect = (recording, start_ns)

    def receive(self, data: bytes, time_ns: int) -> None:
        """Put bytes that reach the wire at `time_ns` on it, one after the other."""
        cycle = max(self.cycles.ticks_at(time_ns), self._heard_until_cycle)
        for byte in data:
            cycle += CYCLES_PER_BYTE
            self._chip.send(cycle, byte)
        self._heard_until_cycle = cycle

    def run_until(self, now_ns: int) -> None:
        """Let the chip catch up with the clock."""
        if self._to_connect is not None:
            recording, start_ns = self._to_connect
            self._to_connect = None
            connect_recording(self._chip, recording, self.cycles, start_ns)
        self._chip.run_until(self.cycles.ticks_at(now_ns))

    def take_sent(self) -> list[tuple[int, bytes]]:
        """What the chip has sent: when its last byte was complete, in ns, and the bytes."""
        cycles, data = self._chip.take_bytes()
        return [(self.cycles.ns_at(int(cycles[-1])), data)] if data else []


@contextmanager
def pty_port(chip: Chip, clock: Clock) -> Iterator[tuple[PtyBoard, PacedBoard]]:
    """A pseudo-terminal with the chip at its other end; its path is the first one's `path`."""
    board = PacedBoard(chip, clock)
    with PtyBoard(board, clock) as pty:
        yield pty, board
