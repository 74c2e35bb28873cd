"""All checks on the real device, one after the other, as they are done."""

import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from serial.tools import list_ports

from andante import realtime
from andante.board.link import BoardLink
from andante.board.serial_port import PySerialPort
from andante.checks.board import check_board, check_clocks
from andante.checks.finding import Finding
from andante.checks.outputs import check_buttons, check_cues, check_sound
from andante.checks.system import (
    check_disk,
    check_power,
    check_rights,
    check_temperature,
    free_disk_bytes,
)
from andante.config import DeviceConfig
from andante.cues.haptic import HapticOutput
from andante.cues.led import LedOutput
from andante.cues.ring import RingOutput
from andante.cues.sound import SoundOutput
from andante.errors import OutputError
from andante.machine import Machine
from andante.pins import START_STOP_BUTTON_GPIO, open_on_pins
from andante.sound_path import CARDS_FILE, answer_of, default_sink_name, sound_cards
from andante.timebase import Clock

_CLOCK_SOURCE_FILE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
_THERMAL_FOLDER = Path("/sys/class/thermal")
_THROTTLED_FILE = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")

PARTS = (
    "sound",
    "led",
    "ring",
    "haptic",
    "buttons",
    "board",
    "clocks",
    "disk",
    "real time",
    "temperature",
    "power",
)
"""In the order in which they are checked."""


def check_device(
    clock: Clock,
    config: DeviceConfig,
    machine: Machine,
    ports: Sequence[str],
    out_dir: Path,
    listen_s: float,
) -> Iterator[Finding]:
    """The findings of `PARTS`, each as soon as it is there; some 20 s in all.

    All runs in real time as far as the rights go, as a session does. Lights flash and the motor
    shakes three times; sound stays silent. `ports`: where a sensor
    board may be. `out_dir`: where sessions go.
    """
    with realtime.running(not clock.simulated) as scheduling:
        on_pi = machine.is_raspberry_pi
        yield check_sound(
            lambda: SoundOutput(clock, device=config.sound_device),
            clock,
            bool(sound_cards(CARDS_FILE)),
            default_sink_name() if config.sound_device is None else None,
        )
        yield check_cues("led", lambda: LedOutput(clock), clock, on_pi)
        # Not every device has these two, so that one which cannot be opened is none.
        yield check_cues("ring", lambda: RingOutput(clock), clock, expected=False)
        yield check_cues("haptic", lambda: HapticOutput(clock), clock, expected=False)
        yield check_buttons(read_buttons, on_pi)
        board, sync = check_board(
            ports, lambda port: BoardLink(PySerialPort(port, clock), clock), clock, listen_s
        )
        yield board
        yield check_clocks(_CLOCK_SOURCE_FILE, sync)
        yield check_disk(out_dir, clock, free_disk_bytes)
        yield check_rights(
            scheduling,
            resource.getrlimit(resource.RLIMIT_RTPRIO)[0],
            resource.getrlimit(resource.RLIMIT_MEMLOCK)[0],
        )
        yield check_temperature(_THERMAL_FOLDER)
        yield check_power(_THROTTLED_FILE, lambda: answer_of("vcgencmd", "get_throttled"))


def board_ports(named: str | None, config: DeviceConfig) -> list[str]:
    """Where to look for the sensor board: the port that was named, else the configured one, else
    every serial port that a board can be on: USB adapters first, then the Pi's own UART.
    """
    chosen = named or config.board_port
    if chosen is not None:
        return [chosen]
    found = list_ports.comports()
    over_usb = sorted(port.device for port in found if port.vid is not None)
    on_header = sorted(port.device for port in found if "ttyAMA" in port.device)
    return [*over_usb, *on_header]


def read_buttons(pin_factory: Any = None) -> dict[str, bool]:
    """Whether the start/stop button is pressed now. Raises OutputError.

    `pin_factory`: gpiozero's, or None for the one that fits this Pi.
    """
    what = f"start/stop button on GPIO {START_STOP_BUTTON_GPIO}"
    button = open_on_pins(
        what,
        lambda gpiozero: gpiozero.Button(START_STOP_BUTTON_GPIO, pin_factory=pin_factory),
        OutputError,
    )
    with button:
        return {what: bool(button.is_pressed)}
