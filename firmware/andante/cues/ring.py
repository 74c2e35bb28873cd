"""Light: a ring of NeoPixels."""

import importlib
from typing import Protocol

from andante.cues.scheduled import ScheduledOutput
from andante.cues.shapes import Pulse, Shape
from andante.errors import OutputError
from andante.ports import CueKind
from andante.timebase import NS_PER_MS, Clock

Colour = tuple[int, int, int]

BEAT_FRAME_MS = 40
# White-blue, told apart by brightness alone, so by every eye, and never red (WCAG 2.3.1 counts
# saturated red flashes by themselves).
FULL_COLOUR: Colour = (200, 220, 255)
_DECAY = (1.0, 0.5, 0.25, 0.12, 0.04, 0.0)
_NOTE_DECAY = (0.4, 0.15, 0.0)


class PixelStrip(Protocol):
    """What the ring needs of a NeoPixel strip or its twin; colours are (red, green, blue)."""

    def fill(self, colour: Colour, /) -> None:
        """Set every pixel, 0-255 each; seen at the next `show`."""
        ...

    def show(self) -> None:
        """Send the pixels out; blocks for a millisecond or more."""
        ...

    def deinit(self) -> None:
        """Let go of the pin."""
        ...


class RingOutput(ScheduledOutput):
    """A NeoPixel ring on GPIO 10; a `CueOutput` named `ring`.

    A beat lights it up and decays to dark in 0.2 s, a note is dimmer and shorter. In a breath the
    whole ring glows: an edge that moves from pixel to pixel would be a series of steps. A pixel
    has 255 steps and `brightness_percent` of them are used: below 26 % one of them is already more
    than a 64th of the ring's own full brightness.
    """

    def __init__(
        self,
        clock: Clock,
        pixel_count: int = 16,
        brightness_percent: float = 30.0,
        strip: PixelStrip | None = None,
        simulated: bool = False,
        glow_only: bool = False,
    ) -> None:
        """`strip`: None for the real one on pin D10. `glow_only`: no beats and notes, for patients
        with epilepsy. Raises ValueError for a brightness outside 0-100 %.
        """
        if not 0.0 <= brightness_percent <= 100.0:
            raise ValueError(f"a brightness lies between 0 and 100 %, not at {brightness_percent}")
        steps = max(1, round(max(FULL_COLOUR) * brightness_percent / 100.0))
        super().__init__("ring", clock, ring_shape(steps), simulated, glow_only)
        self._pixel_count = pixel_count
        share = brightness_percent / 100.0 / steps
        self._colours = [
            (round(r * share * n), round(g * share * n), round(b * share * n))
            for n in range(steps + 1)
            for r, g, b in (FULL_COLOUR,)
        ]
        self._strip = strip

    def _open(self) -> str:
        if self._strip is None:
            self._strip = _neopixel_strip(self._pixel_count)
        self._send(0.0)
        return f"ring of {self._pixel_count} pixels ({type(self._strip).__name__})"

    def _send(self, drive: float) -> None:
        assert self._strip is not None
        try:
            self._strip.fill(self._colours[round(drive * (len(self._colours) - 1))])
            self._strip.show()
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The ring cannot be lit ({error}); see to its wiring.") from None

    def _close(self) -> None:
        assert self._strip is not None
        try:
            self._strip.deinit()
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The ring cannot be let go of ({error}).") from None


def ring_shape(steps: int) -> Shape:
    """What cues look like on a ring whose full brightness is `steps` steps above dark."""
    return Shape(
        pulses={CueKind.BEAT: _pulse(_DECAY), CueKind.NOTE: _pulse(_NOTE_DECAY)},
        is_light=True,
        glow_steps=steps,
    )


def _pulse(drives: tuple[float, ...]) -> Pulse:
    return tuple((n * BEAT_FRAME_MS * NS_PER_MS, drive) for n, drive in enumerate(drives))


def _neopixel_strip(pixel_count: int) -> PixelStrip:
    try:
        # By name: `board` is Blinka's, and exists in full on a Pi only.
        pins, neopixel = (importlib.import_module(name) for name in ("board", "neopixel"))
        strip: PixelStrip = neopixel.NeoPixel(pins.D10, pixel_count, auto_write=False)
    except ImportError:
        raise OutputError(
            "The ring needs adafruit-circuitpython-neopixel, which is not installed; install it "
            "with `pip install 'andante[pi]'` or leave ring out of the plan's outputs."
        ) from None
    except (AttributeError, OSError, RuntimeError, ValueError) as error:
        # Blinka raises NotImplementedError, a RuntimeError, where the computer is not a Pi.
        raise OutputError(
            f"The ring on GPIO 10 cannot be used ({error}); see whether this is a Raspberry Pi "
            "with SPI turned on."
        ) from None
    return strip
