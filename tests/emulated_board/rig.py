"""Chip, clock, line and the project's real link together, in simulated time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.board.link import BoardLink
from andante.clocksync import CentredSync
from andante.ports import Channel, Edge
from andante.simulated.serial_line import LineDelays
from andante.timebase import NS_PER_S, SimulatedClock
from emulated_board.chip import CLOCK_HZ, Chip
from emulated_board.line import EmulatedBoard
from emulated_board.patterns import Truth
from support.board import PUMP_NS, Heard

Floats = npt.NDArray[np.float64]


class ChipRig:
    """Everything that a session has but the session. Times are those of `clock`."""

    def __init__(self, elf: Path, seed: int = 1, delays: LineDelays | None = None) -> None:
        self.clock = SimulatedClock()
        self.chip = Chip(elf)
        self.port = EmulatedBoard(self.chip, self.clock, seed=seed, delays=delays)
        self.link = BoardLink(self.port, self.clock)
        self.heard = Heard()

    @property
    def cycle(self) -> int:
        return self.port.cycles.ticks_at(self.clock.now_ns())

    def run(self, duration_s: float) -> None:
        """Pump the link every 20 ms for this long."""
        end_ns = self.clock.now_ns() + round(duration_s * NS_PER_S)
        while self.clock.now_ns() < end_ns:
            self.clock.sleep_until_ns(self.clock.now_ns() + PUMP_NS)
            self.port.keep_up()
            self.heard.add(self.link.take_news())

    def run_past(self, truth: Truth) -> None:
        """Run until the last of it is over and reported."""
        self.run((truth.last_cycle - self.cycle) / CLOCK_HZ + 1.0)

    def times_ns(self, channel: Channel, edge: Edge) -> npt.NDArray[np.int64]:
        """When the responses of one kind were, in order, with all probes of this boot in view."""
        tick_hz = self.heard.infos[-1].tick_hz
        sync = CentredSync(self.heard.probes, tick_hz)
        ticks = [r.ticks for r in self.heard.responses if (r.channel, r.edge) == (channel, edge)]
        return np.sort(sync.translate(np.array(ticks, dtype=np.int64))[0])

    def errors_ms(self, truth: Truth, channel: Channel, edge: Edge) -> Floats:
        """Reported minus true, in order; fails where their numbers differ."""
        true_ns = np.array([self.port.cycles.ns_at(c) for c in truth.cycles[channel, edge]])
        found_ns = self.times_ns(channel, edge)
        if found_ns.size != true_ns.size:
            raise AssertionError(
                f"{channel} {edge}: {true_ns.size} injected, {found_ns.size} reported"
            )
        return np.asarray((found_ns - true_ns) / 1e6)


@contextmanager
def open_rig(elf: Path, seed: int = 1, delays: LineDelays | None = None) -> Iterator[ChipRig]:
    """A rig whose link is not started yet; everything is freed in the end."""
    rig = ChipRig(elf, seed, delays)
    try:
        yield rig
    finally:
        rig.link.stop()
        rig.chip.close()
