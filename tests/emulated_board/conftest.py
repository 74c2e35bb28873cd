"""The firmware, built once; skips, saying so, where it cannot be built or run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulated_board.chip import firmware_elf, why_no_chip, why_no_firmware
from emulated_board.rig import ChipRig, open_rig


@pytest.fixture(scope="session")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = why_no_chip() or why_no_firmware()
    if missing is not None:
        pytest.skip(missing)
    # A copy, so that building again meanwhile changes nothing under the tests' feet.
    return Path(shutil.copy(firmware_elf(), tmp_path_factory.mktemp("firmware")))


@pytest.fixture
def rig(elf: Path) -> Iterator[ChipRig]:
    with open_rig(elf) as rig:
        rig.link.start()
        yield rig
