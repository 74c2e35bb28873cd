"""A hand on the trainer's own controls: the real classes on gpiozero's mock pins."""

from typing import Any

from andante.controls.buttons import Buttons
from andante.pins import ENCODER_A_GPIO, ENCODER_B_GPIO, START_STOP_BUTTON_GPIO
from andante.simulated.outputs import mock_pin_factory
from andante.timebase import Clock


class SimulatedHand:
    """Presses, pushes and turns what `buttons` reads. Raises OutputError without gpiozero."""

    def __init__(self, clock: Clock, encoder_push_gpio: int | None = None) -> None:
        """`encoder_push_gpio`: as for `Buttons`."""
        self._factory = mock_pin_factory()
        self._push_gpio = encoder_push_gpio
        self.buttons = Buttons(clock, self._factory, encoder_push_gpio)

    def press(self) -> None:
        """Press the start/stop button down."""
        self._pin(START_STOP_BUTTON_GPIO).drive_low()

    def release(self) -> None:
        """Let go of it."""
        self._pin(START_STOP_BUTTON_GPIO).drive_high()

    def push(self, pressed: bool) -> None:
        """Push the knob down, or let go of it. Raises ValueError where that is not wired."""
        if self._push_gpio is None:
            raise ValueError("the encoder's push is not wired")
        pin = self._pin(self._push_gpio)
        if pressed:
            pin.drive_low()
        else:
            pin.drive_high()

    def deafen(self) -> None:
        """Let the button's edges go unnoticed, as on a Pi that is emulated."""
        self._pin(START_STOP_BUTTON_GPIO).when_changed = None

    def turn(self, clicks: int) -> None:
        """Turn the knob, clockwise above zero: on each click both contacts close and open."""
        first, second = self._pin(ENCODER_A_GPIO), self._pin(ENCODER_B_GPIO)
        if clicks < 0:
            first, second = second, first
        for _ in range(abs(clicks)):
            first.drive_low()
            second.drive_low()
            first.drive_high()
            second.drive_high()

    def _pin(self, gpio: int) -> Any:
        return self._factory.pin(f"GPIO{gpio}")
