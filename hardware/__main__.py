"""`python -m hardware`: write the bill of materials and the guide's pictures anew."""

from pathlib import Path

from schematics.circuits.pins import read_pin_map

from hardware.bom import bill_of_materials
from hardware.pictures import header_picture, module_picture, overview_picture, sockets_picture

HARDWARE = Path(__file__).parent


def generated() -> dict[str, str]:
    """Every generated file: its path below this folder and its text."""
    pins = read_pin_map()
    return {
        "bill-of-materials.csv": bill_of_materials(),
        "pictures/overview.svg": overview_picture(),
        "pictures/pi-header.svg": header_picture(pins),
        "pictures/nano.svg": module_picture(pins),
        "pictures/sensor-board-sockets.svg": sockets_picture(
            "sensor_board", "Sensor board: its sockets"
        ),
        "pictures/pi-hat-sockets.svg": sockets_picture("pi_hat", "Pi hat: its sockets"),
    }


if __name__ == "__main__":
    for name, text in generated().items():
        (HARDWARE / name).write_text(text, encoding="utf-8")
