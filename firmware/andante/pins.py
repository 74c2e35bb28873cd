"""The Pi's pins: their Broadcom numbers as wired on the hat, and how a device on them is opened.

`hardware/pins.toml` decides the numbers; a test compares.
"""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from andante.errors import AndanteError

CUE_LED_GPIO = 17
RING_GPIO = 10
HAPTIC_GPIO = 27
START_STOP_BUTTON_GPIO = 22
ENCODER_A_GPIO = 23
ENCODER_B_GPIO = 24


def open_on_pins(what: str, make: Callable[[Any], Any], failure: type[AndanteError]) -> Any:
    """`make(gpiozero)`, which opens `what`: `LED on GPIO 17`.

    Raises `failure` in one plain sentence where gpiozero or the pins are missing.
    """
    try:
        import gpiozero
    except ImportError:
        raise failure(
            f"The {what} needs gpiozero, which is not installed; install it with "
            "`pip install 'andante[pi]'`, or go on without."
        ) from None
    # lgpio leaves a pipe in its working folder, which is the user's unless told otherwise.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    folder = Path.cwd()
    try:
        with warnings.catch_warnings():
            # gpiozero warns of each pin library that it tries in vain.
            warnings.simplefilter("ignore", gpiozero.PinFactoryFallback)
            return make(gpiozero)
    except pin_errors() as error:
        raise failure(
            f"The {what} cannot be used ({error}); see whether this is a Raspberry Pi, whether "
            "the pin is free, and whether you may use GPIO."
        ) from None
    finally:
        os.chdir(folder)  # lgpio takes the whole process with it into its working folder


def pin_errors() -> tuple[type[Exception], ...]:
    """What gpiozero raises, and what it lets through of lgpio's own where that is loaded."""
    loaded = [(sys.modules.get("gpiozero"), "GPIOZeroError"), (sys.modules.get("lgpio"), "error")]
    return (OSError, *(getattr(module, name) for module, name in loaded if module is not None))
