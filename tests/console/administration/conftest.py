"""Devices for the backup's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from andante_host.console.services import Services
from support.backups import add_patient, backed_up, device, write_session


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A device with one session and one patient."""
    made = device(tmp_path / "device")
    write_session(made.settings.sessions_dir / "one.andante", "one")
    add_patient(made, "P-001")
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, bytes]]:
    """A device with a backup, and a patient who came later: for backups that change nothing."""
    made = device(tmp_path_factory.mktemp("target") / "device")
    write_session(made.settings.sessions_dir / "one.andante", "one")
    data = backed_up(made)
    add_patient(made, "P-001")
    yield made, data
    made.database.close()
