"""Light: one LED on a GPIO pin."""

import os
import tempfile
import warnings
from typing import Any

from andante.cues.scheduled import ScheduledOutput
from andante.errors import OutputError
from andante.timebase import NS_PER_MS, Clock

PULSE_MS = 60


class LedOutput(ScheduledOutput):
    """An LED between a GPIO pin and ground, with its resistor; a `CueOutput` named `led`.

    On at the cue's time, off 60 ms later. `actual_ns` is the middle of the call that switches
    the pin, its uncertainty half the time the call took.
    """

    frame_offsets_ns = (PULSE_MS * NS_PER_MS,)

    def __init__(
        self, clock: Clock, pin: int = 17, pin_factory: Any = None, simulated: bool = False
    ) -> None:
        """`pin`: Broadcom number. `pin_factory`: gpiozero's, or None for what the Pi has."""
        super().__init__("led", clock, simulated)
        self._pin = pin
        self._factory = pin_factory
        self._led: Any = None

    def _open(self) -> str:
        try:
            import gpiozero
        except ImportError:
            raise OutputError(
                "The LED needs gpiozero, which is not installed; install it with "
                "`pip install 'andante[pi]'` or leave led out of the plan's outputs."
            ) from None
        # lgpio leaves a pipe in its working folder, which is the user's unless told otherwise.
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        try:
            with warnings.catch_warnings():
                # gpiozero warns of each pin library that it tries in vain.
                warnings.simplefilter("ignore", gpiozero.PinFactoryFallback)
                self._led = gpiozero.LED(self._pin, pin_factory=self._factory)
        except (gpiozero.GPIOZeroError, OSError) as error:
            raise OutputError(
                f"The LED on GPIO {self._pin} cannot be used ({error}); see whether this is a "
                "Raspberry Pi, whether the pin is free, and whether you may use GPIO."
            ) from None
        return f"LED on GPIO {self._pin} through {type(self._led.pin_factory).__name__}"

    def _show(self, frame: int) -> None:
        try:
            if frame == 0:
                self._led.on()
            else:
                self._led.off()
        except OSError as error:
            raise OutputError(
                f"The LED on GPIO {self._pin} cannot be switched ({error})."
            ) from None

    def _close(self) -> None:
        self._led.off()
        self._led.close()
