"""One GPIO pin through gpiozero: full or off at once, or dimmed by pulse width."""

from typing import Any

from andante.errors import OutputError
from andante.pins import open_on_pins, pin_errors

PWM_HZ = 500
"""Far above the 3-60 Hz that can set off a seizure, and twice the fastest frame rate, since the
pin library takes up a new width at the end of a pulse. It is made by software: IEEE 1789-2015
calls full-depth dimming low-risk from 1250 Hz on only, which this pin cannot give."""
PWM_STEPS = 100
"""gpiozero hands the width on in whole percent."""
_ROUNDING = 1e-6


class Pin:
    """A pin that drives an LED or a transistor.

    From dark, full is a plain level, which takes effect within the call. Anything between is a
    pulse width, in steps of one percent, taken up within the 2 ms of a pulse, and so is
    everything after it until the pin is dark again.
    """

    def __init__(self, part: str, gpio: int, factory: Any = None) -> None:
        """Open the pin, low. `part` names it in errors; `factory` is gpiozero's, None for the
        one that fits this Pi. Raises OutputError.
        """
        self._what = f"{part} on GPIO {gpio}"
        self._device = open_on_pins(
            self._what,
            lambda gpiozero: gpiozero.OutputDevice(gpio, pin_factory=factory),
            OutputError,
        )
        self._pin = self._device.pin
        self._dimmed = False
        self.description = f"GPIO {gpio} through {type(self._device.pin_factory).__name__}"

    def drive(self, share: float) -> None:
        """Drive the pin, 0-1. Raises OutputError."""
        try:
            if share == 0.0 and self._dimmed:
                self._pin.frequency = None
                self._dimmed = False
            if not self._dimmed and share in (0.0, 1.0):
                self._pin.state = share
                return
            if not self._dimmed:
                self._pin.frequency = PWM_HZ
                self._dimmed = True
            self._pin.state = min(1.0, round(share * PWM_STEPS) / PWM_STEPS + _ROUNDING)
        except pin_errors() as error:
            raise OutputError(f"The {self._what} cannot be switched ({error}).") from None

    def close(self) -> None:
        """Let go of the pin, low. May be called twice. Raises OutputError."""
        if self._device.closed:
            return
        self.drive(0.0)
        self._device.close()
