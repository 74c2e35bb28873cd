"""Twins of the outputs: one for simulated time, and the hardware beneath the real ones."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from andante.cues.haptic import HAPTIC_SHAPE, HapticOutput
from andante.cues.led import LED_SHAPE, LedOutput
from andante.cues.outbox import Outbox
from andante.cues.player import CuePlayer
from andante.cues.ring import PixelStrip, RingOutput, ring_shape
from andante.cues.shapes import Shape
from andante.errors import OutputError
from andante.pins import CUE_LED_GPIO, HAPTIC_GPIO
from andante.ports import AudioTiming, Cue, CueKind, CueReport, Fault
from andante.timebase import NS_PER_US, Clock

_RING_STEPS = 76  # of the real ring at 30 %

_SHAPES = {
    # A sound is over by itself: nothing follows its beginning.
    "sound": Shape(dict.fromkeys(CueKind, ((0, 1.0),)), is_light=False),
    "led": LED_SHAPE,
    "ring": ring_shape(_RING_STEPS),
    "haptic": HAPTIC_SHAPE,
}


class SimulatedOutput:
    """A `CueOutput` for simulated time: no threads, no device.

    What it shows is decided by the same `CuePlayer` as on the real output. A cue is given at its
    planned time plus the size of a normal error with standard deviation `placement_sd_us`, so
    never early. The errors depend on the seed and on the order of the cues alone. Its reports
    come once the passed clock has reached them.
    """

    simulated = True

    def __init__(
        self,
        name: str,
        clock: Clock,
        seed: int = 0,
        placement_sd_us: float = 20.0,
        glow_only: bool = False,
        shown: list[tuple[int, float]] | None = None,
    ) -> None:
        """`name`: `sound`, `led`, `ring` or `haptic`.

        `shown`: filled with (time_ns, drive 0-1) of every frame, where it is wanted.
        """
        self.name = name
        self.glow_only = glow_only
        self.description = f"simulated {name}"
        self._clock = clock
        self._placement_sd_us = placement_sd_us
        self._random = random.Random(f"{name} {seed}")
        self._outbox = Outbox(name)
        self._player = CuePlayer(_SHAPES[name], self._outbox, glow_only)
        self._shown = shown
        self._given: deque[tuple[int, Cue]] = deque()

    def start(self) -> None:
        """Nothing to open."""

    def schedule(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError for a silent one."""
        now_ns = self._clock.now_ns()
        self._show_until(now_ns)
        self._player.add(cue, now_ns)

    def cancel(self) -> None:
        """Withdraw every cue not begun."""
        now_ns = self._clock.now_ns()
        self._show_until(now_ns)
        self._player.cancel(now_ns)

    def take_reports(self) -> list[CueReport]:
        """Reports of the cues whose time has come since the last call."""
        now_ns = self._clock.now_ns()
        self._show_until(now_ns)
        while self._given and self._given[0][0] <= now_ns:
            actual_ns, cue = self._given.popleft()
            self._outbox.given(cue, actual_ns, self._placement_sd_us)
        return self._outbox.take_reports()

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        return self._outbox.take_faults()

    def take_audio_timing(self) -> list[AudioTiming]:
        """A twin has no clock of its own."""
        return []

    def stop(self) -> None:
        """Withdraw what has not begun, and go dark."""
        self.cancel()
        if self._shown is not None:
            self._shown.append((self._clock.now_ns(), 0.0))

    def _show_until(self, now_ns: int) -> None:
        while (due_ns := self._player.next_due_ns()) is not None and due_ns <= now_ns:
            step = self._player.step(due_ns)
            if step is None:
                continue
            if step.cue is not None:
                error_us = abs(self._random.gauss(0.0, self._placement_sd_us))
                due_ns += round(error_us * NS_PER_US)
                self._given.append((due_ns, step.cue))
            if self._shown is not None:
                self._shown.append((due_ns, step.drive))


@dataclass
class RecordedFrames:
    """What a twin strip was sent: for each `show` the time and the pixels, (count, 3) bytes."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)


def mock_led_output(
    clock: Clock, pin: int = CUE_LED_GPIO, factory: Any = None, glow_only: bool = False
) -> LedOutput:
    """An LED on gpiozero's mock pins, marked simulated. Raises OutputError without gpiozero.

    `factory`: the mock pins to use, where their record is wanted.
    """
    return LedOutput(clock, pin, factory or mock_pin_factory(), simulated=True, glow_only=glow_only)


def mock_haptic_output(clock: Clock, pin: int = HAPTIC_GPIO, factory: Any = None) -> HapticOutput:
    """A motor on gpiozero's mock pins, marked simulated. Raises OutputError without gpiozero."""
    return HapticOutput(clock, pin, factory or mock_pin_factory(), simulated=True)


def mock_pin_factory() -> Any:
    """gpiozero's own twin of a Pi's pins. Raises OutputError where it is not installed."""
    try:
        from gpiozero.pins.mock import MockFactory, MockPWMPin
    except ImportError:
        raise OutputError(
            "A simulated pin needs gpiozero, which is not installed; install it with "
            "`pip install gpiozero`."
        ) from None
    return MockFactory(pin_class=MockPWMPin)


def simulated_ring_output(
    clock: Clock,
    pixel_count: int = 16,
    recorded: RecordedFrames | None = None,
    glow_only: bool = False,
) -> RingOutput:
    """A ring whose strip keeps its frames in `recorded`, marked simulated. Raises OutputError."""
    strip = twin_strip(clock, pixel_count, recorded or RecordedFrames())
    return RingOutput(clock, pixel_count, strip=strip, simulated=True, glow_only=glow_only)


def twin_strip(clock: Clock, pixel_count: int, recorded: RecordedFrames) -> PixelStrip:
    """A NeoPixel strip without its wire: the same pixel buffer, recorded instead of sent."""
    try:
        from adafruit_pixelbuf import PixelBuf
    except ImportError:
        raise OutputError(
            "The simulated ring needs adafruit-circuitpython-pixelbuf, which is not installed; "
            "install it with `pip install adafruit-circuitpython-pixelbuf`."
        ) from None

    class TwinStrip(PixelBuf):  # type: ignore[misc]
        def _transmit(self, buffer: bytearray) -> None:
            recorded.frames.append((clock.now_ns(), bytes(buffer)))

        def deinit(self) -> None:
            self.fill(0)
            self.show()

    strip: PixelStrip = TwinStrip(pixel_count, byteorder="RGB")
    return strip
