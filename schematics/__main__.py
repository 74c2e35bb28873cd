"""`python -m schematics`: draw the circuits anew, with their renderings and SPICE decks."""

import shutil
import subprocess
from pathlib import Path

from schematics.circuits import SHEETS, sheet_path
from schematics.circuits.pins import read_pin_map
from schematics.drawing.kicad import schematic
from schematics.drawing.netlist import extract
from schematics.drawing.rules import violations
from schematics.drawing.svg import render
from schematics.spice.decks import write_all

RENDERED = Path(__file__).parent / "rendered"
REVISION_DATE = "2026-11-21"


def main() -> int:
    """Write every generated file; 1 where a schematic breaks a rule."""
    pins = read_pin_map()
    failed = 0
    for name, draw in SHEETS.items():
        path = sheet_path(name)
        path.write_text(schematic(draw(pins), REVISION_DATE), encoding="utf-8")
        for sentence in violations(extract(path)):
            print(f"{path.name}: {sentence}")
            failed = 1
        picture = RENDERED / f"{name}.svg"
        picture.write_text(render(path), encoding="utf-8")
        if shutil.which("rsvg-convert"):
            subprocess.run(
                ["rsvg-convert", "-f", "pdf", "-o", picture.with_suffix(".pdf"), picture],
                check=True,
            )
        else:
            print(f"{name}.pdf is not drawn: rsvg-convert (package librsvg2-bin) is missing.")
    write_all()
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
