"""The start/stop button and the tempo encoder on the Pi's pins, so that no screen is needed.

| what is done | what it means |
|---|---|
| press the button while waiting | start |
| press it during a session | stop, paused or not |
| turn the encoder by one click | 1 % faster (clockwise) or slower |
| push the encoder, where that is wired | pause; go on |

Long presses mean nothing else. Who presses twice within half a second, as a trembling hand does,
has pressed once.
"""

import threading
from collections.abc import Callable
from typing import Any

from andante.commands import AnyCommand, NudgeTempo, Pause, Resume, Stop
from andante.errors import AndanteError
from andante.pins import (
    ENCODER_A_GPIO,
    ENCODER_B_GPIO,
    START_STOP_BUTTON_GPIO,
    open_on_pins,
)
from andante.timebase import NS_PER_MS, Clock

PERCENT_PER_CLICK = 1.0
LARGEST_NUDGE_CLICKS = 20
"""One command carries no more than this; the rest follows with the next."""
ONE_PRESS_NS = 500 * NS_PER_MS
_BOUNCE_S = 0.005
_RELEASED_LOOKS = 2


class ControlError(AndanteError):
    """A button or encoder that cannot be used."""


class _PushButton:
    """Presses of one button, told by looks at it every 20 ms or so.

    A press is a look at a pressed button, or an edge since the last look for one that was
    shorter, after two looks that found it released. So a bounce when it is let go is no press,
    and neither is a button that was held all the time.
    """

    def __init__(self, button: Any, clock: Clock) -> None:
        self._button = button
        self._clock = clock
        self._edge = threading.Event()
        self._released_looks = 0
        self._last_press_ns: int | None = None
        button.when_activated = self._edge.set

    def take_press(self) -> bool:
        """Whether it was pressed since the last look."""
        is_pressed, had_edge = self._is_down(), self._edge.is_set()
        self._edge.clear()
        armed = self._released_looks >= _RELEASED_LOOKS
        if is_pressed:
            self._released_looks = 0
        elif had_edge:
            self._released_looks = 1
        else:
            self._released_looks += 1
        if not armed or not (is_pressed or had_edge):
            return False
        now_ns, last_ns = self._clock.now_ns(), self._last_press_ns
        if last_ns is not None and now_ns - last_ns < ONE_PRESS_NS:
            return False
        self._last_press_ns = now_ns
        return True

    def forget(self) -> None:
        """What was pressed until now does not count; a button held down has to be let go first."""
        self.take_press()
        self._released_looks = 0 if self._is_down() else _RELEASED_LOOKS

    def close(self) -> None:
        """Let go of the pin."""
        self._button.close()

    def _is_down(self) -> bool:
        return bool(self._button.is_active)


class Buttons:
    """A `CommandSource` of the trainer's own controls, and the way to wait for a start.

    While waiting: `begin_waiting` once, then `start_pressed` every 20-100 ms. For a session:
    `begin_session`, then it is one of the runner's command sources. All methods belong to one
    thread at a time.

    Wiring (`hardware/pins.toml`): button between GPIO 22 and ground, encoder with A on GPIO 23,
    B on GPIO 24 and its middle pin on ground; all pulled up.
    """

    def __init__(
        self, clock: Clock, pin_factory: Any = None, encoder_push_gpio: int | None = None
    ) -> None:
        """`pin_factory`: gpiozero's, or None for what the Pi has. `encoder_push_gpio`: Broadcom
        number; None where the encoder's push is not wired, as on the present hat.
        """
        self._clock = clock
        self._factory = pin_factory
        self._push_gpio = encoder_push_gpio
        self._button: _PushButton | None = None
        self._push: _PushButton | None = None
        self._encoder: Any = None
        self._counted_clicks = 0
        self._is_paused: Callable[[], bool] = lambda: False

    def start(self) -> None:
        """Open the pins. Raises ControlError."""
        try:
            self._button = self._open_button("start/stop button", START_STOP_BUTTON_GPIO)
            if self._push_gpio is not None:
                self._push = self._open_button("encoder's push", self._push_gpio)
            self._encoder = open_on_pins(
                f"encoder on GPIO {ENCODER_A_GPIO} and {ENCODER_B_GPIO}",
                lambda gpiozero: gpiozero.RotaryEncoder(
                    ENCODER_A_GPIO, ENCODER_B_GPIO, max_steps=0, pin_factory=self._factory
                ),
                ControlError,
            )
        except ControlError:
            self.stop()
            raise

    def begin_waiting(self) -> None:
        """From now on a press means start; what was pressed before does not count."""
        self._forget()

    def start_pressed(self) -> bool:
        """Whether the button was pressed since the last look."""
        return self._button is not None and self._button.take_press()

    def begin_session(self, is_paused: Callable[[], bool] = lambda: False) -> None:
        """From now on a press means stop. `is_paused` tells what a push of the encoder means."""
        self._is_paused = is_paused
        self._forget()

    def take_commands(self) -> list[AnyCommand]:
        """Commands since the last call, in order: a stop first."""
        commands: list[AnyCommand] = []
        if self._button is not None and self._button.take_press():
            commands.append(Stop(source="button"))
        if self._push is not None and self._push.take_press():
            command = Resume if self._is_paused() else Pause
            commands.append(command(source="encoder"))
        clicks = self._take_clicks()
        if clicks:
            commands.append(NudgeTempo(source="encoder", percent=clicks * PERCENT_PER_CLICK))
        return commands

    def stop(self) -> None:
        """Close the pins. May be called twice."""
        for part in (self._button, self._push, self._encoder):
            if part is not None:
                part.close()
        self._button = self._push = self._encoder = None

    def _open_button(self, what: str, gpio: int) -> _PushButton:
        # Not gpiozero's Button: that has a thread for long presses, which closing waits for.
        button = open_on_pins(
            f"{what} on GPIO {gpio}",
            lambda gpiozero: gpiozero.DigitalInputDevice(
                gpio, pull_up=True, bounce_time=_BOUNCE_S, pin_factory=self._factory
            ),
            ControlError,
        )
        return _PushButton(button, self._clock)

    def _take_clicks(self) -> int:
        """Clicks since the last call, clockwise above zero."""
        if self._encoder is None:
            return 0
        clicks = int(self._encoder.steps) - self._counted_clicks
        clicks = max(-LARGEST_NUDGE_CLICKS, min(LARGEST_NUDGE_CLICKS, clicks))
        self._counted_clicks += clicks
        return clicks

    def _forget(self) -> None:
        for button in (self._button, self._push):
            if button is not None:
                button.forget()
        if self._encoder is not None:
            self._counted_clicks = self._encoder.steps
