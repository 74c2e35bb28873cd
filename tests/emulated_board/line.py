"""The emulated board's serial port in simulated time: the project's own link talks to it."""

import random

from andante.board.serial_port import BAUD
from andante.errors import BoardError
from andante.simulated.serial_line import LineDelays
from andante.simulated.source import TickClock
from andante.timebase import Clock
from emulated_board.chip import CLOCK_HZ, Chip, Reset

CYCLES_PER_BYTE = CLOCK_HZ * 10 // BAUD  # start, eight, stop
PACKET_BYTES = 32  # an adapter's small packet; also ends where the line falls idle


class EmulatedBoard:
    """A `SerialPort` whose other end is the board's own firmware on an emulated chip.

    `cycles` is the truth that clock sync has to find: the chip's oscillator as a function of
    session time. Bytes cross the wire one after the other, as fast as the baud rate lets them;
    beyond the wire they take what `delays` says of a USB adapter and its driver: per write
    towards the board, per packet towards the Pi. Nothing overtakes.
    """

    name = "emulated board"

    def __init__(
        self,
        chip: Chip,
        clock: Clock,
        seed: int = 0,
        delays: LineDelays | None = None,
        rate_error_ppm: float = 40.0,
    ) -> None:
        """The chip is switched on at the clock's present time."""
        self.chip = chip
        self.cycles = TickClock(clock.now_ns(), CLOCK_HZ, rate_error_ppm)
        self._clock = clock
        self._random = random.Random(seed)
        self._delays = delays or LineDelays()
        self._is_open = False
        self._is_gone = False
        self._sent_until_cycle = 0
        self._arrived_ns = 0
        self._waiting: list[tuple[int, bytes]] = []
        self._on_the_wire: tuple[list[int], bytes] = ([], b"")

    def vanish(self) -> None:
        """Play a pulled plug; the board keeps its power from elsewhere."""
        self.keep_up()
        self._is_gone, self._is_open = True, False

    def return_(self) -> None:
        """Plug it in again."""
        self._is_gone = False

    def reset(self, reason: Reset) -> None:
        """Start the firmware again, now."""
        self.keep_up()
        self.chip.reset(reason)

    def open(self) -> None:
        """Open the port. Raises BoardError while it is gone."""
        self.keep_up()
        if self._is_gone:
            raise BoardError(f"There is no {self.name}; plug it in again.")
        self._waiting = []  # nobody was listening
        self._is_open = True

    def read(self) -> list[tuple[int, bytes]]:
        """What has arrived by now, with its arrival times. Raises BoardError."""
        self._check_open()
        now_ns = self.keep_up()
        count = sum(arrival_ns <= now_ns for arrival_ns, _ in self._waiting)
        arrived, self._waiting = self._waiting[:count], self._waiting[count:]
        return arrived

    def write(self, data: bytes) -> None:
        """Send bytes. Raises BoardError."""
        self._check_open()
        leaves_ns = self._clock.now_ns() + self._delays.draw_ns(self._random)
        cycle = max(self.cycles.ticks_at(leaves_ns), self._sent_until_cycle)
        for byte in data:
            cycle += CYCLES_PER_BYTE
            self.chip.send(cycle, byte)
        self._sent_until_cycle = cycle

    def close(self) -> None:
        """Close the port. May be called twice. The chip runs on whenever the port is open again."""
        self._is_open = False

    def _check_open(self) -> None:
        if not self._is_open:
            raise BoardError(f"The {self.name} is not open; open it first.")

    def keep_up(self) -> int:
        """Let the chip run until now, open or not; returns now, in ns."""
        now_ns = self._clock.now_ns()
        self.chip.run_until(self.cycles.ticks_at(now_ns))
        cycles, data = self.chip.take_bytes()
        held_cycles, held = self._on_the_wire
        self._on_the_wire = self._packets([*held_cycles, *cycles.tolist()], held + data)
        return now_ns

    def _packets(self, cycles: list[int], data: bytes) -> tuple[list[int], bytes]:
        """Pass on the packets that are complete; returns what may still grow."""
        start = 0
        next_cycles = [*cycles[1:], self.chip.counts.cycle]
        for place, (cycle, next_cycle) in enumerate(zip(cycles, next_cycles, strict=False), 1):
            falls_idle = next_cycle - cycle > 2 * CYCLES_PER_BYTE
            if falls_idle or place - start == PACKET_BYTES:
                self._arrive(cycle, data[start:place])
                start = place
        return cycles[start:], data[start:]

    def _arrive(self, cycle: int, packet: bytes) -> None:
        arrival_ns = self.cycles.ns_at(cycle) + self._delays.draw_ns(self._random)
        self._arrived_ns = max(self._arrived_ns, arrival_ns)
        if not self._is_gone:
            self._waiting.append((self._arrived_ns, packet))
