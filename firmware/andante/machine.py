"""Which computer this is."""

import platform
from dataclasses import dataclass
from pathlib import Path

MODEL_FILE = Path("/proc/device-tree/model")


@dataclass(frozen=True)
class Machine:
    """What this computer is, and whether a Raspberry Pi's pins can be expected to be there."""

    name: str
    is_raspberry_pi: bool


def this_machine() -> Machine:
    """What `andante` runs on."""
    return machine_by(MODEL_FILE, platform.machine())


def machine_by(model_file: Path, architecture: str) -> Machine:
    """By the device tree's model where there is one (as on a Pi), else by `architecture`."""
    try:
        model = model_file.read_text(errors="replace").rstrip("\0\n ")
    except OSError:
        model = ""
    return Machine(model or architecture, "Raspberry Pi" in model)
