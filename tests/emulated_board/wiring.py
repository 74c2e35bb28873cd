"""Which pin of the chip each channel is on: `hardware/pins.toml`, read for the emulated board."""

import tomllib
from functools import cache
from pathlib import Path

_PINS = Path(__file__).parents[2] / "hardware" / "pins.toml"


@cache
def _pins() -> dict[str, dict[str, str]]:
    with _PINS.open("rb") as file:
        return {pin["name"]: pin for pin in tomllib.load(file)["sensor_board"]["pins"]}


def adc_input(name: str) -> int:
    """The ADC input of a channel by its name in the pin map."""
    return int(_pins()[name]["use"].removeprefix("adc"))


def port_and_bit(name: str) -> tuple[str, int]:
    """The port letter and the bit of a digital pin: ("B", 0) for PB0."""
    port = _pins()[name]["port"]
    return port[1], int(port[2])
