"""Opening devices on pins leaves the process as it was."""

import os
from pathlib import Path
from typing import Any

import pytest

from andante.errors import OutputError
from andante.pins import open_on_pins


def test_a_library_that_leaves_the_working_folder_is_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def make(_: Any) -> str:
        os.chdir(elsewhere)
        return "made"

    def fail(_: Any) -> str:
        os.chdir(elsewhere)
        raise OSError("no such pin")

    assert open_on_pins("LED", make, OutputError) == "made"
    assert Path.cwd() == tmp_path
    with pytest.raises(OutputError, match="no such pin"):
        open_on_pins("LED", fail, OutputError)
    assert Path.cwd() == tmp_path
