"""The pin map, `hardware/pins.toml`, as the drawings and the guide read it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

PIN_MAP = Path(__file__).parents[2] / "hardware" / "pins.toml"

# Broadcom number -> place on the 40-pin header (Raspberry Pi documentation, "GPIO").
HEADER_PIN_OF_GPIO = {
    0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32,
    13: 33, 14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18,
    25: 22, 26: 37, 27: 13,
}  # fmt: skip
HEADER_5V = (2, 4)
HEADER_3V3 = (1, 17)
HEADER_GND = (6, 9, 14, 20, 25, 30, 34, 39)


@dataclass(frozen=True)
class PinMap:
    """`board_pins`: signal -> the pin as printed on the module; `gpios`: signal -> Broadcom number.

    `module` and `supply_v` are the sensor board's.
    """

    module: str
    supply_v: float
    board_pins: dict[str, str]
    gpios: dict[str, int]


def read_pin_map(path: Path = PIN_MAP) -> PinMap:
    """The pin map at `path`."""
    text = tomllib.loads(path.read_text(encoding="utf-8"))
    board = text["sensor_board"]
    return PinMap(
        board["module"],
        board["supply_v"],
        {pin["name"]: pin["pin"] for pin in board["pins"]},
        {pin["name"]: pin["gpio"] for pin in text["pi"]["pins"]},
    )
