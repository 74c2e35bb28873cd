"""How much of the chip the firmware takes."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulated_board.chip import PAINT, RAM_END, RAM_START


@dataclass(frozen=True)
class Sizes:
    """What the linker laid out; `heap_start` is the first address that holds no variable."""

    flash_bytes: int
    variables_bytes: int
    heap_start: int

    def used_bytes(self, ram: bytes) -> int:
        """Variables and the deepest that the stack has been, by what is left of the paint."""
        above = ram[self.heap_start - RAM_START :]
        free_bytes = len(above) - len(above.lstrip(bytes([PAINT])))
        return RAM_END - RAM_START - free_bytes


def sizes_of(elf: Path) -> Sizes:
    """Ask binutils for the sizes of this program."""
    text, data, bss = (int(number) for number in _tool("avr-size", elf).splitlines()[1].split()[:3])
    found = re.search(r"^([0-9a-f]+) . _end$", _tool("avr-nm", elf), re.MULTILINE)
    if found is None:
        raise ValueError(f"{elf} has no symbol _end")
    return Sizes(text + data, data + bss, int(found[1], 16) & 0xFFFF)


def _tool(name: str, elf: Path) -> str:
    return subprocess.run([name, str(elf)], capture_output=True, text=True, check=True).stdout
