"""Running a deck with ngspice and reading what it measured."""

import re
import subprocess
from pathlib import Path

_MEASURED = re.compile(r"^(\w+)\s*=\s*([-+]?\d[\d.]*(?:e[-+]?\d+)?)", re.MULTILINE)
_LONGEST_RUN_S = 60


def run(deck: Path) -> dict[str, float]:
    """Every `.meas` of the deck by name, in SI units.

    Raises RuntimeError, with what ngspice said, where it fails or a measure finds nothing.
    """
    done = subprocess.run(
        ["ngspice", "-b", deck.name],
        cwd=deck.parent,
        capture_output=True,
        text=True,
        timeout=_LONGEST_RUN_S,
        check=False,
    )
    wanted = set(
        re.findall(r"^\.meas\s+\w+\s+(\w+)", deck.read_text(encoding="utf-8").lower(), re.MULTILINE)
    )
    found = {name.lower(): float(value) for name, value in _MEASURED.findall(done.stdout)}
    if done.returncode != 0 or wanted - found.keys():
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise RuntimeError(f"{deck.name}: {sorted(wanted - found.keys())} not measured\n{said}")
    return {name: found[name] for name in wanted}
