"""Twin outputs that the simulated board hears and sees, each with a latency that is known.

Simulated: what an output reports reaches the board's input after `latency_ns`, changed by a
normal error of `noise_us`. A light that goes off is felt as well, as by the photodiode.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from andante.board.link import BoardLink
from andante.calibration.procedure import SENSORS
from andante.ports import AudioTiming, Channel, Cue, CueOutput, CueReport, Edge, Fault
from andante.simulated.board import SimulatedBoard
from andante.simulated.outputs import SimulatedOutput
from andante.simulated.serial_line import SimulatedLine
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, SimulatedClock

TICK_HZ = 2_000_000  # as on the chip
LIGHT_OFF_NS = 60 * NS_PER_MS
QUIET_NS = 50 * NS_PER_MS  # ONSET_QUIET_MS of the firmware


@dataclass(frozen=True)
class Hearing:
    """How what one output gives comes to its sensor."""

    latency_ns: int = 0
    noise_us: float = 0.0
    deaf: Callable[[int], bool] = lambda _: False  # which cues are not felt at all
    delay_ns: Callable[[int], int] = lambda _: 0  # more latency, by the cue's number


class EarSource:
    """A `Source` of onsets; `feel` may be called while the board runs."""

    def __init__(self, tick_clock: TickClock) -> None:
        self._tick_clock = tick_clock
        self._waiting: list[tuple[int, Channel]] = []
        self._last_ns: dict[Channel, int] = {}

    @property
    def ended(self) -> bool:
        return False

    def feel(self, channel: Channel, time_ns: int) -> None:
        heapq.heappush(self._waiting, (time_ns, channel))

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        felt: list[Press | Counts] = []
        while self._waiting and self._tick_clock.ticks_at(self._waiting[0][0]) < until_ticks:
            time_ns, channel = heapq.heappop(self._waiting)
            if time_ns - self._last_ns.get(channel, -QUIET_NS) >= QUIET_NS:
                felt.append(Press(channel, Edge.ON, self._tick_clock.ticks_at(time_ns)))
            self._last_ns[channel] = time_ns
        return felt


class HeardOutput:
    """A `CueOutput` that passes everything on, and lets a sensor feel what is reported given."""

    def __init__(
        self,
        output: CueOutput,
        feel: Callable[[Channel, int], None],
        hearing: Hearing,
        seed: int = 0,
        doubt: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._output = output
        self._feel = feel
        self._hearing = hearing
        self._random = random.Random(f"{output.name} heard {seed}")
        self._doubt = doubt
        self.faults: list[Fault] = []
        self.passes_for_real = False

    @property
    def name(self) -> str:
        return self._output.name

    @property
    def simulated(self) -> bool:
        return not self.passes_for_real

    @property
    def description(self) -> str:
        return self._output.description

    def start(self) -> None:
        self._output.start()

    def schedule(self, cue: Cue) -> None:
        self._output.schedule(cue)

    def cancel(self) -> None:
        self._output.cancel()

    def take_reports(self) -> list[CueReport]:
        return [self._hear(report) for report in self._output.take_reports()]

    def _hear(self, report: CueReport) -> CueReport:
        hearing = self._hearing
        noise_us = self._random.gauss(0.0, hearing.noise_us)
        if report.actual_ns is not None and not hearing.deaf(report.cue_index):
            at_ns = report.actual_ns + hearing.latency_ns + round(noise_us * NS_PER_US)
            at_ns += hearing.delay_ns(report.cue_index)
            channel = SENSORS[self.name]
            self._feel(channel, at_ns)
            if channel is Channel.PHOTODIODE:
                self._feel(channel, at_ns + LIGHT_OFF_NS)
        if self._doubt(report.cue_index):
            return CueReport(
                report.cue_index, report.output, report.actual_ns, report.uncertainty_us, "in doubt"
            )
        return report

    def take_faults(self) -> list[Fault]:
        faults, self.faults = self.faults, []
        return [*faults, *self._output.take_faults()]

    def take_audio_timing(self) -> list[AudioTiming]:
        return self._output.take_audio_timing()

    def stop(self) -> None:
        self._output.stop()


class LinkThatPassesForReal(BoardLink):
    """Says of the simulated board that it is a real one, as only a test may."""

    @property
    def simulated(self) -> bool:
        return False


class EarRig:
    """Simulated clock, board, line, link and outputs, all started but the link."""

    def __init__(
        self,
        hearings: dict[str, Hearing],
        seed: int = 1,
        outages_s: Sequence[float] = (),
        passes_for_real: bool = False,
    ) -> None:
        """`outages_s`: [start, end) of one outage of the line, after the rig's start.

        `passes_for_real`: the twins claim to be real, so that what they measure is kept.
        """
        self.clock = SimulatedClock()
        start_ns = self.clock.now_ns()
        self.tick_clock = TickClock(start_ns - 3 * NS_PER_S, TICK_HZ, rate_error_ppm=-35.0)
        self.source = EarSource(self.tick_clock)
        self.board = SimulatedBoard(self.tick_clock, self.source, seed=seed)
        ends_ns = [start_ns + round(at_s * NS_PER_S) for at_s in outages_s]
        outages = [(ends_ns[0], ends_ns[1])] if ends_ns else []
        self.line = SimulatedLine(self.board, self.clock, seed=seed, outages=outages)
        link_class = LinkThatPassesForReal if passes_for_real else BoardLink
        self.link = link_class(self.line, self.clock)
        self.outputs = [
            HeardOutput(SimulatedOutput(name, self.clock, seed), self.source.feel, hearing, seed)
            for name, hearing in hearings.items()
        ]
        for output in self.outputs:
            output.passes_for_real = passes_for_real
