"""Stop and cancel: dark and still within 100 ms, measured on the twins' own records."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from andante.cues.led import LED_SHAPE
from andante.cues.scheduled import ScheduledOutput
from andante.errors import OutputError
from andante.pins import CUE_LED_GPIO, HAPTIC_GPIO
from andante.ports import Cue, CueKind, FaultKind
from andante.simulated.outputs import (
    RecordedFrames,
    mock_haptic_output,
    mock_led_output,
    mock_pin_factory,
    simulated_ring_output,
)
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.breaths import Frames
from support.outputs import PinRecord, ring_frames

pytestmark = pytest.mark.alone

LIMIT_NS = 100 * NS_PER_MS
NAMES = ("led", "ring", "haptic")


@dataclass
class Lit:
    """An output that is on, and its record."""

    output: ScheduledOutput
    clock: MonotonicClock
    frames: Callable[[], Frames]


def lit(name: str, cue_kind: CueKind) -> Lit:
    """At the start of a beat or where a breath has come up to a third of full drive."""
    clock, factory, recorded = MonotonicClock(), mock_pin_factory(), RecordedFrames()
    makers: dict[str, Callable[[], ScheduledOutput]] = {
        "led": lambda: mock_led_output(clock, factory=factory),
        "ring": lambda: simulated_ring_output(clock, recorded=recorded),
        "haptic": lambda: mock_haptic_output(clock, factory=factory),
    }
    output = makers[name]()
    output.start()
    pin = PinRecord(clock, factory, HAPTIC_GPIO if name == "haptic" else CUE_LED_GPIO)
    begin_ns = clock.now_ns() + 10 * NS_PER_MS
    frames = pin.frames if name != "ring" else lambda: ring_frames(recorded)
    duration_ns = NS_PER_S // 2 if cue_kind is CueKind.INHALE else 0
    output.schedule(Cue(0, begin_ns, cue_kind, duration_ns=duration_ns))
    enough = 0.3 * (1.0 if name != "ring" else 76 / 255)
    while frames()[-1][1] < enough:
        assert clock.now_ns() < begin_ns + NS_PER_S
        clock.sleep_until_ns(clock.now_ns() + NS_PER_MS)
    return Lit(output, clock, frames)


def dark_since_ns(frames: Frames) -> int:
    """When it last went dark; fails where it is on."""
    assert frames[-1][1] == 0.0
    return next(
        after[0]
        for before, after in zip(frames[-2::-1], frames[:0:-1], strict=True)
        if before[1] > 0
    )


@pytest.mark.parametrize("cue_kind", [CueKind.BEAT, CueKind.INHALE])
@pytest.mark.parametrize("name", NAMES)
def test_stop_darkens_at_once(name: str, cue_kind: CueKind) -> None:
    on = lit(name, cue_kind)
    assert on.frames()[-1][1] > 0
    began_ns = on.clock.now_ns()
    on.output.stop()
    took_ns = dark_since_ns(on.frames()) - began_ns
    print(f"{name}, {cue_kind}: dark {took_ns / NS_PER_MS:.2f} ms after stop (on its twin)")
    assert 0 < took_ns < LIMIT_NS


@pytest.mark.parametrize("cue_kind", [CueKind.BEAT, CueKind.INHALE])
@pytest.mark.parametrize("name", NAMES)
def test_cancel_darkens_within_100_ms(name: str, cue_kind: CueKind) -> None:
    on = lit(name, cue_kind)
    assert on.frames()[-1][1] > 0
    began_ns = on.clock.now_ns()
    on.output.cancel()
    on.clock.sleep_until_ns(began_ns + LIMIT_NS)
    frames = on.frames()
    took_ns = dark_since_ns(frames) - began_ns
    print(f"{name}, {cue_kind}: dark {took_ns / NS_PER_MS:.2f} ms after cancel (on its twin)")
    assert 0 < took_ns < LIMIT_NS
    on.output.stop()


class HeldUp(ScheduledOutput):
    """An output whose device does not return from the frame it was sent."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__("led", MonotonicClock(), LED_SHAPE, simulated=True)
        self.sent: list[tuple[int, float]] = []
        self.go_on = threading.Event()
        self._fails = fails

    def _open(self) -> str:
        return "held up"

    def _send(self, drive: float) -> None:
        if self._fails:
            raise OutputError("It has gone.")
        if drive > 0:
            self.go_on.wait()
        self.sent.append((self._clock.now_ns(), drive))

    def _close(self) -> None:
        pass


@pytest.fixture
def held_up() -> Iterator[HeldUp]:
    output = HeldUp()
    output.start()
    yield output
    output.go_on.set()


def test_an_output_that_is_held_up_is_dark_in_time_and_stays_dark(held_up: HeldUp) -> None:
    clock = MonotonicClock()
    held_up.schedule(Cue(0, clock.now_ns() + 5 * NS_PER_MS))
    clock.sleep_until_ns(clock.now_ns() + 20 * NS_PER_MS)
    began_ns = clock.now_ns()
    release = threading.Timer(0.2, held_up.go_on.set)
    release.start()
    held_up.stop()
    release.join()
    assert held_up.sent[0][1] == 0.0
    assert held_up.sent[0][0] - began_ns < LIMIT_NS
    assert [drive for _, drive in held_up.sent] == [0.0, 1.0, 0.0]


def test_a_device_that_cannot_be_darkened_says_so() -> None:
    output = HeldUp(fails=True)
    output.start()
    output.stop()
    assert [fault.kind for fault in output.take_faults()] == [FaultKind.OUTPUT_FAILED]
