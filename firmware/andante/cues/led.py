"""Light: one LED on a GPIO pin."""

from typing import Any

from andante.cues.pin import PWM_STEPS, Pin
from andante.cues.scheduled import ScheduledOutput
from andante.cues.shapes import Shape
from andante.pins import CUE_LED_GPIO
from andante.ports import CueKind
from andante.timebase import NS_PER_MS, NS_PER_US, Clock

PULSE_MS = 60
NOTE_MS = 30
"""Flashes shorter than a tenth of a second look the dimmer the shorter they are (Bloch 1885)."""
AWAKE_NS = 400 * NS_PER_US
"""Longer than nearly every waking took (docs/timing.md); a thousandth of a core at two a second."""

LED_SHAPE = Shape(
    pulses={
        CueKind.BEAT: ((0, 1.0), (PULSE_MS * NS_PER_MS, 0.0)),
        CueKind.NOTE: ((0, 1.0), (NOTE_MS * NS_PER_MS, 0.0)),
    },
    is_light=True,
    glow_steps=PWM_STEPS,
)


class LedOutput(ScheduledOutput):
    """An LED between a GPIO pin and ground, with its resistor; a `CueOutput` named `led`.

    A beat: on at its time, off 60 ms later; a note 30 ms. A breath: brightness follows it,
    dimmed by pulse width.
    """

    awake_ns = AWAKE_NS

    def __init__(
        self,
        clock: Clock,
        pin: int = CUE_LED_GPIO,
        pin_factory: Any = None,
        simulated: bool = False,
        glow_only: bool = False,
    ) -> None:
        """`pin`: Broadcom number. `pin_factory`: gpiozero's, or None for what the Pi has.

        `glow_only`: no beats and notes, for patients with epilepsy.
        """
        super().__init__("led", clock, LED_SHAPE, simulated, glow_only)
        self._gpio = pin
        self._factory = pin_factory
        self._pin: Pin | None = None

    def _open(self) -> str:
        self._pin = Pin("LED", self._gpio, self._factory)
        return f"LED on {self._pin.description}"

    def _send(self, drive: float) -> None:
        assert self._pin is not None
        self._pin.drive(drive)

    def _close(self) -> None:
        assert self._pin is not None
        self._pin.close()
