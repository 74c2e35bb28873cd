"""Every `CueOutput` ready to be put through the same contract, with a witness of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from andante import realtime
from andante.cues.frame_map import DELAY_TRUST_NS
from andante.cues.haptic import HapticOutput
from andante.cues.led import LedOutput
from andante.cues.player import TOO_LATE_NS
from andante.cues.ring import FULL_COLOUR, RingOutput
from andante.cues.sound import SETTLE_NS, SoundOutput
from andante.pins import CUE_LED_GPIO, HAPTIC_GPIO
from andante.ports import CueOutput
from andante.simulated.outputs import (
    RecordedFrames,
    SimulatedOutput,
    mock_pin_factory,
    twin_strip,
)
from andante.timebase import (
    NS_PER_MS,
    NS_PER_S,
    Clock,
    MonotonicClock,
    SimulatedClock,
    seconds_to_ns,
)
from support.pulse import pulse_server

FULL_RING = tuple(primary / max(FULL_COLOUR) for primary in FULL_COLOUR)
"""The ring's colour, relative to the brightest of its primaries at full drive."""
RIGS = ("simulated", "led", "ring", "haptic", "sound")


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
    uncertainty_bound_ns: int | None = None  # where it is not that of lateness
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


class PinRecord:
    """What a mock pin was driven with: (time_ns, drive 0-1) of every change."""

    def __init__(self, clock: Clock, factory: Any, gpio: int) -> None:
        self._pin = factory.pin(f"GPIO{gpio}")
        self._pin.clear_states()
        self._began_s = clock.now_ns() / NS_PER_S

    def frames(self) -> list[tuple[int, float]]:
        # gpiozero's mock keeps the seconds since the change before, on CLOCK_MONOTONIC.
        times_s = accumulate((s.timestamp for s in self._pin.states), initial=self._began_s)
        next(times_s)
        return [
            (seconds_to_ns(time_s), float(state.state))
            for time_s, state in zip(times_s, self._pin.states, strict=True)
        ]

    def onsets_ns(self) -> list[int]:
        return onsets_ns(self.frames())

    @property
    def drive(self) -> float:
        return float(self._pin.state)


def onsets_ns(frames: list[tuple[int, float]]) -> list[int]:
    """When an output went up, from dark or from what was left of the cue before."""
    return [after[0] for before, after in pairwise(frames) if after[1] > before[1]]


def ring_frames(recorded: RecordedFrames) -> list[tuple[int, float]]:
    """The brightest of a ring's primaries, 0-1, in each frame that was sent."""
    return [(time_ns, max(pixels) / 255) for time_ns, pixels in recorded.frames]


@contextmanager
def _led(_folder: Path) -> Iterator[Rig]:
    clock, factory = MonotonicClock(), mock_pin_factory()
    output = LedOutput(clock, CUE_LED_GPIO, factory, simulated=True)
    record = PinRecord(clock, factory, CUE_LED_GPIO)
    yield Rig(output, clock, 0, TOO_LATE_NS, TOO_LATE_NS, 60 * NS_PER_MS, record.onsets_ns)


@contextmanager
def _haptic(_folder: Path) -> Iterator[Rig]:
    clock, factory = MonotonicClock(), mock_pin_factory()
    output = HapticOutput(clock, HAPTIC_GPIO, factory, simulated=True)
    record = PinRecord(clock, factory, HAPTIC_GPIO)
    yield Rig(output, clock, 0, TOO_LATE_NS, TOO_LATE_NS, 60 * NS_PER_MS, record.onsets_ns)


@contextmanager
def _ring(_folder: Path) -> Iterator[Rig]:
    clock, recorded = MonotonicClock(), RecordedFrames()
    output = RingOutput(clock, strip=twin_strip(clock, 16, recorded), simulated=True)
    yield Rig(
        output,
        clock,
        0,
        TOO_LATE_NS,
        TOO_LATE_NS,
        60 * NS_PER_MS,
        lambda: onsets_ns(ring_frames(recorded)),
    )


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
        with realtime.running():
            yield Rig(
                SoundOutput(clock, sounds=["click"]),
                clock,
                bound_ns,
                bound_ns,
                settle_ns,
                ahead_ns,
                heard_ns,
                # It starts within its first second, while the delay is known so far only.
                uncertainty_bound_ns=DELAY_TRUST_NS,
            )


_RIGS = {
    "simulated": _simulated,
    "led": _led,
    "ring": _ring,
    "haptic": _haptic,
    "sound": _sound,
}
