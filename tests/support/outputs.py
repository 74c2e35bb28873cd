"""Every `CueOutput` ready to be put through the same contract, with a witness of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from andante.cues.led import LedOutput
from andante.cues.scheduled import TOO_LATE_NS
from andante.cues.sound import SETTLE_NS, SoundOutput
from andante.ports import CueOutput
from andante.simulated.outputs import (
    RecordedFrames,
    SimulatedOutput,
    mock_pin_factory,
    simulated_ring_output,
)
from andante.timebase import NS_PER_MS, Clock, MonotonicClock, SimulatedClock, seconds_to_ns
from support.pulse import pulse_server

RIGS = ("simulated", "led", "ring", "sound")
LED_PIN = 17


@dataclass
class Rig:
    """An output, its clock, and what it promises.

    `witness_ns` tells when the output began to sound or shine, as something other than the
    output saw it; None where there is no such witness. It may be called once, after stop.
    """

    output: CueOutput
    clock: Clock
    early_bound_ns: int
    late_bound_ns: int
    report_delay_ns: int
    ahead_ns: int
    witness_ns: Callable[[], list[int]] | None = None
    next_index: int = 0

    def wait_ns(self, duration_ns: int) -> None:
        self.clock.sleep_until_ns(self.clock.now_ns() + duration_ns)


@contextmanager
def open_rig(kind: str, folder: Path) -> Iterator[Rig]:
    """A started rig; stopped in the end, also where the test has stopped it already."""
    with _RIGS[kind](folder) as rig:
        rig.output.start()
        try:
            yield rig
        finally:
            rig.output.stop()


@contextmanager
def _simulated(_folder: Path) -> Iterator[Rig]:
    clock = SimulatedClock()
    output = SimulatedOutput("led", clock, seed=3, placement_sd_us=50.0)
    yield Rig(output, clock, 0, NS_PER_MS, NS_PER_MS, 60 * NS_PER_MS)


@contextmanager
def _led(_folder: Path) -> Iterator[Rig]:
    clock, factory = MonotonicClock(), mock_pin_factory()
    pin = factory.pin(f"GPIO{LED_PIN}")

    def lit_ns() -> list[int]:
        # gpiozero's mock keeps the seconds since the change before, on CLOCK_MONOTONIC.
        times_s = [began_s]
        for state in pin.states:
            times_s.append(times_s[-1] + state.timestamp)
        states = zip(times_s[1:], pin.states, strict=True)
        return [seconds_to_ns(time_s) for time_s, state in states if state.state]

    output = LedOutput(clock, LED_PIN, factory, simulated=True)
    pin.clear_states()
    began_s = clock.now_ns() / 1e9
    yield Rig(output, clock, 0, TOO_LATE_NS, TOO_LATE_NS, 60 * NS_PER_MS, lit_ns)


@contextmanager
def _ring(_folder: Path) -> Iterator[Rig]:
    clock, recorded = MonotonicClock(), RecordedFrames()

    def lit_ns() -> list[int]:
        return [
            after[0]
            for before, after in pairwise(recorded.frames)
            if max(after[1]) > max(before[1])
        ]

    output = simulated_ring_output(clock, recorded=recorded)
    yield Rig(output, clock, 0, TOO_LATE_NS, TOO_LATE_NS, 60 * NS_PER_MS, lit_ns)


@contextmanager
def _sound(folder: Path) -> Iterator[Rig]:
    clock = MonotonicClock()
    with pulse_server(folder) as server:
        recording = server.record(clock)

        def heard_ns() -> list[int]:
            heard = recording.stop()
            return [heard.line.ns_at(int(frames)) for frames in heard.onsets_frames()]

        # Where a cue sounded is only as well known as the device's delay, which wanders.
        bound_ns = NS_PER_MS
        settle_ns = SETTLE_NS + 300 * NS_PER_MS
        ahead_ns = 200 * NS_PER_MS
        yield Rig(SoundOutput(clock), clock, bound_ns, bound_ns, settle_ns, ahead_ns, heard_ns)


_RIGS = {"simulated": _simulated, "led": _led, "ring": _ring, "sound": _sound}
