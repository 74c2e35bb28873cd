"""A system to install on; and the project's root on the path, as the hardware's Python needs."""

import sys
from pathlib import Path

import pytest

from support.pi import COMMAND_LINE, CONFIG

PROJECT = Path(__file__).parents[2]
if str(PROJECT) not in sys.path:
    sys.path.append(str(PROJECT))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A new Raspberry Pi OS, as far as the installer looks at it."""
    root = tmp_path / "root"
    for name, text in {
        "boot/firmware/config.txt": CONFIG,
        "boot/firmware/cmdline.txt": COMMAND_LINE,
        "boot/config.txt": "# moved to firmware/\n",
        "etc/udev/rules.d/10-mine.rules": "# mine\n",
        "lib/systemd/system/hciuart.service": "[Service]\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "run/systemd/system").mkdir(parents=True)
    return root
