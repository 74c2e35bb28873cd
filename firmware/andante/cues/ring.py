"""Light: a ring of NeoPixels."""

import importlib
from typing import Protocol

from andante.cues.scheduled import ScheduledOutput
from andante.errors import OutputError
from andante.timebase import NS_PER_MS, Clock

Colour = tuple[int, int, int]

FRAME_MS = 40
# White-blue that falls to blue and dark: told apart by brightness alone, so by every eye, and
# never red (WCAG 2.3.1 counts saturated red flashes by themselves).
_FRAMES: tuple[Colour, ...] = (
    (200, 220, 255),
    (110, 140, 230),
    (55, 80, 190),
    (20, 35, 130),
    (0, 10, 70),
    (0, 0, 0),
)


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

    Lights up at the cue's time and decays to dark in 0.2 s. `actual_ns` is the middle of the
    call that sends the first frame, its uncertainty half the time the call took.
    """

    frame_offsets_ns = tuple(FRAME_MS * NS_PER_MS * k for k in range(1, len(_FRAMES)))

    def __init__(
        self,
        clock: Clock,
        pixel_count: int = 16,
        brightness_percent: float = 30.0,
        strip: PixelStrip | None = None,
        simulated: bool = False,
    ) -> None:
        """`strip`: None for the real one on pin D10. Raises ValueError for a brightness
        outside 0-100 %.
        """
        if not 0.0 <= brightness_percent <= 100.0:
            raise ValueError(f"a brightness lies between 0 and 100 %, not at {brightness_percent}")
        super().__init__("ring", clock, simulated)
        self._pixel_count = pixel_count
        share = brightness_percent / 100.0
        self._colours = [
            (round(r * share), round(g * share), round(b * share)) for r, g, b in _FRAMES
        ]
        self._strip = strip

    def _open(self) -> str:
        if self._strip is None:
            self._strip = _neopixel_strip(self._pixel_count)
        self._show(len(self._colours) - 1)
        return f"ring of {self._pixel_count} pixels ({type(self._strip).__name__})"

    def _show(self, frame: int) -> None:
        assert self._strip is not None
        try:
            self._strip.fill(self._colours[frame])
            self._strip.show()
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The ring cannot be lit ({error}); see to its wiring.") from None

    def _close(self) -> None:
        assert self._strip is not None
        self._show(len(self._colours) - 1)
        self._strip.deinit()


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
