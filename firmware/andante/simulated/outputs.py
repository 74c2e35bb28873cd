"""Twins of the outputs: one for simulated time, and the hardware beneath the light ones."""

import heapq
import random
from dataclasses import dataclass, field
from typing import Any

from andante.cues.led import LedOutput
from andante.cues.outbox import LIGHT_WITHHELD, Outbox, lateness_ms, require_audible
from andante.cues.ring import PixelStrip, RingOutput
from andante.errors import OutputError
from andante.ports import AudioTiming, Cue, CueReport, Fault
from andante.timebase import NS_PER_US, Clock

SOUND = "sound"


class SimulatedOutput:
    """A `CueOutput` for simulated time: no threads, no device.

    A cue is given at its planned time plus the size of a normal error with standard deviation
    `placement_sd_us`, so never early. The errors depend on the seed and on the order of the
    cues alone. Its reports come once the passed clock has reached them.
    """

    simulated = True

    def __init__(
        self, name: str, clock: Clock, seed: int = 0, placement_sd_us: float = 20.0
    ) -> None:
        """`name`: `sound`, `led` or `ring`; the latter two know cues without light."""
        self.name = name
        self.description = f"simulated {name}"
        self._clock = clock
        self._placement_sd_us = placement_sd_us
        self._random = random.Random(f"{name} {seed}")
        self._outbox = Outbox(name)
        self._waiting: list[tuple[int, int, Cue]] = []
        self._order = 0

    def start(self) -> None:
        """Nothing to open."""

    def schedule(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError for a silent one."""
        require_audible(cue)
        error_us = abs(self._random.gauss(0.0, self._placement_sd_us))
        now_ns = self._clock.now_ns()
        if cue.planned_ns <= now_ns:
            self._outbox.missed(cue, now_ns, f"handed over {lateness_ms(cue.planned_ns, now_ns)}")
            return
        self._order += 1
        actual_ns = cue.planned_ns + round(error_us * NS_PER_US)
        heapq.heappush(self._waiting, (actual_ns, self._order, cue))

    def cancel(self) -> None:
        """Withdraw every cue not begun."""
        self._give_due()
        self._waiting.clear()

    def take_reports(self) -> list[CueReport]:
        """Reports of the cues whose time has come since the last call."""
        self._give_due()
        return self._outbox.take_reports()

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        return self._outbox.take_faults()

    def take_audio_timing(self) -> list[AudioTiming]:
        """A twin has no clock of its own."""
        return []

    def stop(self) -> None:
        """Withdraw what has not begun."""
        self.cancel()

    def _give_due(self) -> None:
        now_ns = self._clock.now_ns()
        while self._waiting and self._waiting[0][0] <= now_ns:
            actual_ns, _, cue = heapq.heappop(self._waiting)
            if cue.light or self.name == SOUND:
                self._outbox.given(cue, actual_ns, self._placement_sd_us)
            else:
                self._outbox.withheld(cue, LIGHT_WITHHELD)


@dataclass
class RecordedFrames:
    """What a twin strip was sent: for each `show` the time and the pixels, (count, 3) bytes."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)


def mock_led_output(clock: Clock, pin: int = 17) -> LedOutput:
    """An LED on gpiozero's mock pins, marked simulated. Raises OutputError without gpiozero."""
    return LedOutput(clock, pin, mock_pin_factory(), simulated=True)


def mock_pin_factory() -> Any:
    """gpiozero's own twin of a Pi's pins. Raises OutputError where it is not installed."""
    try:
        from gpiozero.pins.mock import MockFactory, MockPin
    except ImportError:
        raise OutputError(
            "The simulated LED needs gpiozero, which is not installed; install it with "
            "`pip install gpiozero`."
        ) from None
    return MockFactory(pin_class=MockPin)


def simulated_ring_output(
    clock: Clock, pixel_count: int = 16, recorded: RecordedFrames | None = None
) -> RingOutput:
    """A ring whose strip keeps its frames in `recorded`, marked simulated. Raises OutputError."""
    strip = twin_strip(clock, pixel_count, recorded or RecordedFrames())
    return RingOutput(clock, pixel_count, strip=strip, simulated=True)


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
