"""A serial line in simulated time, with the delays, the damage and the outages of a real one."""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from andante.errors import BoardError
from andante.simulated.board import SimulatedBoard
from andante.timebase import NS_PER_MS, NS_PER_US, Clock


@dataclass(frozen=True)
class LineDelays:
    """How long bytes take one way: a base, exponential queueing, and now and then a spike.

    The figures are the project's model of a USB serial adapter under a desktop's load; a real
    adapter may differ.
    """

    base_ns: int = 300 * NS_PER_US
    queueing_mean_ns: int = 400 * NS_PER_US
    spike_share: float = 0.02
    spike_min_ns: int = 2 * NS_PER_MS
    spike_max_ns: int = 15 * NS_PER_MS

    def draw_ns(self, rng: random.Random) -> int:
        """One delay."""
        delay_ns = self.base_ns + rng.expovariate(1.0) * self.queueing_mean_ns
        if rng.random() < self.spike_share:
            delay_ns += rng.uniform(self.spike_min_ns, self.spike_max_ns)
        return round(delay_ns)


class _Direction:
    """One way: pieces keep their order and never overtake each other."""

    def __init__(self) -> None:
        self.on_the_way: deque[tuple[int, bytes]] = deque()
        self._last_ns = 0

    def add(self, arrival_ns: int, data: bytes) -> None:
        self._last_ns = max(self._last_ns, arrival_ns)
        self.on_the_way.append((self._last_ns, data))


class SimulatedLine:
    """A `SerialPort` whose other end is a `SimulatedBoard`, for a clock that is simulated.

    `damage_rate` is the chance of each byte to arrive changed. In `outages`, intervals
    [start_ns, end_ns), bytes that set out either way are lost.
    """

    name = "simulated line"

    def __init__(
        self,
        board: SimulatedBoard,
        clock: Clock,
        seed: int = 0,
        delays: LineDelays | None = None,
        damage_rate: float = 0.0,
        outages: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._board = board
        self._clock = clock
        self._random = random.Random(seed)
        self._delays = delays or LineDelays()
        self._damage_rate = damage_rate
        self._outages = tuple(outages)
        self._to_board, self._to_pi = _Direction(), _Direction()
        self._is_open = False
        self._is_gone = False

    def vanish(self) -> None:
        """Play a pulled plug: the port is gone, and so is what was on the way."""
        self._run()
        self._is_gone = True
        self._is_open = False
        self._to_board, self._to_pi = _Direction(), _Direction()

    def return_(self) -> None:
        """Plug it in again."""
        self._is_gone = False

    def open(self) -> None:
        """Open the port. Raises BoardError while it is gone."""
        if self._is_gone:
            raise BoardError(f"There is no {self.name}; plug it in again.")
        self._run()
        self._to_pi.on_the_way.clear()  # nobody was listening
        self._is_open = True

    def read(self) -> list[tuple[int, bytes]]:
        """What has arrived by now, with its arrival times. Raises BoardError."""
        self._check_open()
        now_ns = self._run()
        pieces = []
        waiting = self._to_pi.on_the_way
        while waiting and waiting[0][0] <= now_ns:
            pieces.append(waiting.popleft())
        return pieces

    def write(self, data: bytes) -> None:
        """Send bytes. Raises BoardError."""
        self._check_open()
        self._carry(self._to_board, self._clock.now_ns(), data)

    def close(self) -> None:
        """Close the port. May be called twice."""
        self._is_open = False

    def _check_open(self) -> None:
        if not self._is_open:
            raise BoardError(f"The {self.name} is not open; open it first.")

    def _run(self) -> int:
        """Let the board live until now, meeting what is sent to it at its time."""
        now_ns = self._clock.now_ns()
        waiting = self._to_board.on_the_way
        while waiting and waiting[0][0] <= now_ns:
            arrival_ns, data = waiting.popleft()
            self._board.receive(data, arrival_ns)
        self._board.run_until(now_ns)
        for sent_ns, data in self._board.take_sent():
            if not self._is_gone:
                self._carry(self._to_pi, sent_ns, data)
        return now_ns

    def _carry(self, direction: _Direction, sent_ns: int, data: bytes) -> None:
        if any(start_ns <= sent_ns < end_ns for start_ns, end_ns in self._outages):
            return
        if self._damage_rate:
            data = bytes(self._maybe_damaged(byte) for byte in data)
        direction.add(sent_ns + self._delays.draw_ns(self._random), data)

    def _maybe_damaged(self, byte: int) -> int:
        if self._random.random() < self._damage_rate:
            return byte ^ self._random.randrange(1, 256)
        return byte
