"""The two circuits: what is on them, why, and what each part costs."""

from collections.abc import Callable
from pathlib import Path

from schematics.circuits import pi_hat, sensor_board
from schematics.circuits.pins import PinMap
from schematics.drawing.sheet import Sheet

SHEETS: dict[str, Callable[[PinMap], Sheet]] = {
    "sensor_board": sensor_board.draw,
    "pi_hat": pi_hat.draw,
}


def sheet_path(name: str) -> Path:
    """Where the schematic file of the sheet `name` lies."""
    return Path(__file__).parents[1] / f"{name}.kicad_sch"
